using System;
using System.Collections.Generic;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Simulated;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Server.Twins;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>
/// A gateway before simulated engines, in simulated time: interactive requests pass at once, batch lines when
/// the gate or the twin lets them; tokens come back a while after their step.
/// </summary>
sealed partial class GateRun
{
    const long TickNs = 20_000_000;
    const long ScrapeNs = 1_000_000_000;

    readonly FleetOptions _options;
    readonly Gate? _gate;
    readonly TwinOptions? _twin;
    readonly List<Arrival> _arrivals;
    readonly IArrivalSource? _lines;
    readonly ReplicaState[] _replicas;
    readonly PriorityQueue<StepNotice, (long AtNs, long Order)> _notices = new();
    readonly List<float> _ttfts = [];
    readonly List<float> _gaps = [];
    RandomStream _random;
    long _order;
    long _batchTokens;
    long _judged;
    long _kept;
    long _pauses;
    int _nextReplica;
    ulong _nextKey;

    /// <param name="gate">Null for the twin's rule, or for no batch at all.</param>
    /// <param name="twin">The twin's settings; null for none.</param>
    /// <param name="lines">Batch lines without end; null for none.</param>
    public GateRun(
        FleetOptions options, List<Arrival> arrivals, IArrivalSource? lines, Gate? gate, TwinOptions? twin)
    {
        (_options, _gate, _twin, _arrivals, _lines) = (options, gate, twin, arrivals, lines);
        _random = new RandomStream(options.Seed, purpose: 32);
        _replicas = new ReplicaState[options.Replicas];
        for (var i = 0; i < _replicas.Length; i++)
        {
            var replica = new ReplicaState { Index = i, Twin = twin is null ? null : new TwinReplica(twin) };
            replica.Rank = new SimulatedRank(
                options.Limits, options.StepTime, (sequence, _, _, last) => Emit(replica, sequence, last),
                perturb: Perturb);
            _replicas[i] = replica;
        }
    }

    long EndNs => (long)((_options.SecondsBefore + _options.SecondsMeasured) * 1e9);

    long FromNs => (long)(_options.SecondsBefore * 1e9);

    /// <summary>The first replica's twin, for what it says of itself.</summary>
    public TwinReplica? Twin => _replicas[0].Twin;

    public GateResult Run(string setting)
    {
        var next = 0;
        long tickNs = TickNs, scrapeNs = ScrapeNs;
        while (true)
        {
            var arrivalNs = next < _arrivals.Count ? _arrivals[next].AtNs : long.MaxValue;
            var noticeNs = _notices.TryPeek(out _, out var at) ? at.AtNs : long.MaxValue;
            var nowNs = Math.Min(Math.Min(arrivalNs, noticeNs), Math.Min(tickNs, scrapeNs));
            if (nowNs > EndNs)
                break;
            if (RunEngines(nowNs))
                continue;
            if (nowNs == noticeNs)
                Notice(_notices.Dequeue(), nowNs);
            else if (nowNs == arrivalNs)
                Arrive(_arrivals[next++], nowNs);
            else if (nowNs == tickNs)
                Tick(tickNs, ref tickNs);
            else
                Scrape(scrapeNs, ref scrapeNs);
        }
        return Result(setting);
    }

    /// <summary>
    /// Lets one step end that ends by now; its tokens are on their way. False when there is none.
    /// </summary>
    bool RunEngines(long nowNs)
    {
        foreach (var replica in _replicas)
        {
            var endNs = replica.Rank.NextStepEndsNs;
            if (endNs > nowNs)
                continue;
            replica.Ended.Clear();
            _last.Clear();
            replica.Rank.RunUntil(endNs);
            if (replica.Ended.Count == 0)
                return true;
            var jitterNs = (long)(1_000_000 * _random.NextDouble());
            _notices.Enqueue(new StepNotice(replica, [.. replica.Ended], [.. _last]),
                (endNs + _options.ReturnNs + jitterNs, _order++));
            return true;
        }
        return false;
    }

    readonly List<bool> _last = [];

    void Emit(ReplicaState replica, SimulatedSequence sequence, bool last)
    {
        replica.Ended.Add((SentRequest)sequence.Owner!);
        _last.Add(last);
    }

    long Perturb(long predictedNs) =>
        (long)(predictedNs * Math.Max(0.5, 1 + (_options.Noise * _random.NextNormal())));

    void Arrive(Arrival arrival, long nowNs)
    {
        var replica = Route(arrival, nowNs);
        var request = new SentRequest { SentNs = nowNs, Replica = replica };
        Send(request, arrival.PromptTokens, arrival.OutputTokens, default,
            _random.NextDouble() >= _options.UnseenShare, nowNs);
        if (replica.Twin is null || _lines is null)
            return;
        foreach (var paused in replica.Twin.Pause(nowNs))
            PutOut(replica, paused, nowNs);
    }

    ReplicaState Route(Arrival arrival, long nowNs)
    {
        var best = _replicas[0];
        if (_replicas.Length == 1)
            return best;
        var start = _nextReplica++;
        long least = long.MaxValue;
        for (var i = 0; i < _replicas.Length; i++)
        {
            var replica = _replicas[(start + i) % _replicas.Length];
            var cost = replica.Twin?.PredictTtftNs(arrival.PromptTokens, nowNs) ?? replica.Outstanding;
            if (cost < least)
                (least, best) = (cost, replica);
        }
        return best;
    }

    void Send(SentRequest request, int prompt, int output, ReadOnlyMemory<ulong> keys, bool seen, long nowNs)
    {
        var isBatch = request.Line is not null;
        if (seen)
        {
            var most = isBatch ? output : 4096;
            request.Twin = request.Replica.Twin?.Send(prompt, most, keys, isBatch, nowNs);
        }
        var sequence = new SimulatedSequence
        {
            PromptTokens = prompt,
            OutputTokens = output,
            Owner = request,
        };
        request.Sequence = sequence;
        request.Replica.Outstanding++;
        if (isBatch)
        {
            request.Replica.Batch.Add(request);
            request.Replica.BatchInPrefill++;
        }
        request.Replica.Rank.Add(sequence, new RequestSpec
        {
            PromptTokens = prompt,
            MaxOutputTokens = output,
            PrefixKeys = keys,
            Priority = isBatch ? 1 : 0,
        }, nowNs);
    }

    void Tick(long nowNs, ref long nextNs)
    {
        nextNs += TickNs;
        foreach (var replica in _replicas)
        {
            replica.Twin?.Advance(nowNs);
            Release(replica, nowNs);
        }
    }

    void Scrape(long nowNs, ref long nextNs)
    {
        nextNs += ScrapeNs;
        foreach (var replica in _replicas)
        {
            var scheduler = replica.Rank.Scheduler;
            var usage = (double)scheduler.UsedBlocks / _options.Limits.NumBlocks;
            _gate?.Scrape(replica, scheduler.Waiting, usage);
            replica.Twin?.Observe(scheduler.Running, scheduler.Waiting);
            Release(replica, nowNs);
        }
    }
}
