using System;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Replicas behind a router, in simulated time. Between two arrivals the replicas know nothing of each
/// other, so each runs ahead to the next arrival on its own; in a closed loop, where a finish may cause an
/// arrival, the one that is furthest behind moves first and only as far as the next.
/// </summary>
public sealed class FleetSimulation
{
    readonly SimulationOptions _options;
    readonly IArrivalSource _arrivals;
    readonly RequestMeter _meter;
    readonly Router _router;
    readonly Router _decodeRouter = new(RoutingPolicy.LeastOutstanding);
    readonly HandoffQueue _handoffs = new();
    readonly ReplicaSimulation[] _replicas;
    readonly int[] _outstanding;
    readonly int _decodeFirst;
    readonly int _maxTokens;
    readonly bool _closedLoop;
    RandomStream _random;
    long _arrived;
    long _lastArrivalNs;
    BatchResult _batchBefore = new(0, 0, 0, 0);
    BatchResult? _batchAfter;

    FleetSimulation(
        SchedulerOptions engine, StepTimeModel stepTime, IArrivalSource arrivals, bool closedLoop,
        SimulationOptions options)
    {
        _options = options;
        _arrivals = arrivals;
        _closedLoop = closedLoop;
        _meter = new RequestMeter(
            options.Limits, options.WarmupRequests, options.Requests - options.CooldownRequests,
            stepTime.RequestOverheadNs);
        _router = new Router(options.Routing);
        _random = new RandomStream(options.Seed, purpose: 77);
        _decodeFirst = options.PrefillReplicas;
        _replicas = new ReplicaSimulation[options.PrefillReplicas + options.Replicas];
        _outstanding = new int[_replicas.Length];
        engine = engine with
        {
            Policy = options.Policy,
            PrefixBlockTokens = arrivals.PrefixBlockTokens,
            Levels = SharedLevels.Of(options.Limits, stepTime.RequestOverheadNs, options.MinBatchShare),
        };
        var most = Math.Min(
            options.MaxModelLength, (int)Math.Min(int.MaxValue, (long)engine.NumBlocks * engine.BlockSize));
        for (var i = 0; i < _replicas.Length; i++)
        {
            _replicas[i] = new ReplicaSimulation(
                i, engine, stepTime, _meter, OnFinished, options, Feed(options, i, most));
        }

        _maxTokens = Math.Min(options.MaxModelLength, _replicas[0].Scheduler.MaxRequestTokens);
    }

    /// <summary>Batch lines of one replica; each draws its own.</summary>
    static BatchFeed? Feed(SimulationOptions options, int replica, int maxTokens)
    {
        if (options.BatchWorkload is not { } lines || replica < options.PrefillReplicas)
            return null;
        var source = lines.Open(
            Math.Max(1e-3, lines.RequestsPerSecond), long.MaxValue,
            options.Seed + 7919 * ((ulong)replica + 1), ArrivalProcess.AtOnce);
        return new BatchFeed(source, new BatchGate(options.BatchGate), maxTokens);
    }

    /// <summary>Batch tokens and lines of all replicas up to a time.</summary>
    BatchResult BatchSoFar(long nowNs)
    {
        long prompt = 0, output = 0, lines = 0;
        foreach (var replica in _replicas)
        {
            prompt += replica.BatchPromptTokens;
            output += replica.BatchOutputTokens;
            lines += replica.Batch?.CompletedLines ?? 0;
        }
        return new BatchResult(nowNs / 1e9, prompt, output, lines);
    }

    /// <summary>The last interactive request has come: batch work is counted up to here, and ends.</summary>
    void CloseBatch()
    {
        _batchAfter = BatchSoFar(_lastArrivalNs);
        foreach (var replica in _replicas)
        {
            if (replica.Batch is { } feed)
                feed.IsClosed = true;
        }
    }

    BatchResult? BatchBetween() => _options.BatchWorkload is null || _batchAfter is not { } after
        ? null
        : new BatchResult(
            after.SpanS - _batchBefore.SpanS, after.PromptTokens - _batchBefore.PromptTokens,
            after.OutputTokens - _batchBefore.OutputTokens, after.Lines - _batchBefore.Lines);

    /// <summary>
    /// Simulates a fleet of equal replicas to the last token, or until the verdict is certain.
    /// </summary>
    /// <param name="engine">Limits of each replica's scheduler; policy and prefix blocks are set
    /// here.</param>
    /// <param name="stepTime">How long a step takes.</param>
    /// <param name="arrivals">The requests, in order of arrival.</param>
    /// <param name="closedLoop">Whether an arrival may wait for another request's answer.</param>
    /// <param name="options">Size of the fleet and what to measure.</param>
    public static SimulationResult Run(
        SchedulerOptions engine, StepTimeModel stepTime, IArrivalSource arrivals, bool closedLoop,
        SimulationOptions options) =>
        new FleetSimulation(engine, stepTime, arrivals, closedLoop, options).Run();

    SimulationResult Run()
    {
        var stopped = false;
        while (!stopped)
        {
            var nextNs = NextArrivalNs();
            if (nextNs == long.MaxValue && _batchAfter is null)
                CloseBatch();
            if (_closedLoop || _decodeFirst > 0)
                nextNs = RunInOrder(nextNs);
            else
                RunAhead(nextNs);
            if (nextNs == long.MaxValue)
                break;
            _lastArrivalNs = nextNs;
            Deliver(nextNs);
            stopped = _options.StopWhenCertain
                && (_meter.CertainlyBroken || ((_arrived & 63) == 0 && _meter.CertainlyKept));
        }
        return Summarise(stopped);
    }

    long NextArrivalNs()
    {
        var arrivalNs =
            _arrived < _options.Requests && _arrivals.TryPeek(out var atNs) ? atNs : long.MaxValue;
        return Math.Min(arrivalNs, _handoffs.NextNs);
    }

    void RunAhead(long untilNs)
    {
        foreach (var replica in _replicas)
            replica.RunUntil(untilNs);
    }

    /// <summary>
    /// Moves the replica whose step ends first, up to the next event anywhere, until an arrival is due.
    /// Returns its time.
    /// </summary>
    long RunInOrder(long arrivalNs)
    {
        while (true)
        {
            int first = 0;
            long firstNs = long.MaxValue, secondNs = long.MaxValue;
            for (var i = 0; i < _replicas.Length; i++)
            {
                var endsNs = _replicas[i].NextStepEndsNs;
                if (endsNs < firstNs)
                    (first, firstNs, secondNs) = (i, endsNs, firstNs);
                else
                    secondNs = Math.Min(secondNs, endsNs);
            }
            if (firstNs > arrivalNs || firstNs == long.MaxValue)
                return arrivalNs;
            var untilNs = Math.Max(firstNs, Math.Min(arrivalNs, secondNs));
            _replicas[first].RunUntil(untilNs, stopAtFinish: true);
            arrivalNs = NextArrivalNs();
        }
    }

    void Deliver(long nowNs)
    {
        if (_handoffs.NextNs == nowNs)
        {
            DeliverHandoff(nowNs);
            return;
        }
        _arrivals.Take(out var arrival);
        var request = new SimulatedRequest
        {
            Index = _arrived++,
            Session = arrival.Session,
            PromptTokens = arrival.PromptTokens,
            OutputTokens =
                Math.Clamp(arrival.OutputTokens, 1, Math.Max(1, _maxTokens - arrival.PromptTokens)),
            ArrivalNs = nowNs,
        };
        request.TokensHere = _decodeFirst > 0 ? 1 : request.OutputTokens;
        if (request.Index == _options.WarmupRequests)
        {
            _meter.MeasureGaps = true;
            _batchBefore = BatchSoFar(nowNs);
        }
        if ((request.Index & 0xFFFF) == 0)
            _options.Progress?.Invoke(request.Index);

        var key = arrival.PrefixKeys.IsEmpty ? 0 : arrival.PrefixKeys.Span[0];
        var pool = _decodeFirst > 0 ? _decodeFirst : _replicas.Length;
        var replica = _router.Choose(_outstanding.AsSpan(0, pool), key, _random.NextBits());
        var spec = new RequestSpec
        {
            PromptTokens = arrival.PromptTokens,
            MaxOutputTokens = Math.Max(1, _maxTokens - arrival.PromptTokens),
            PrefixKeys = arrival.PrefixKeys,
        };
        if (arrival.PromptTokens < _maxTokens && _replicas[replica].Add(request, spec, nowNs))
        {
            _outstanding[replica]++;
            return;
        }
        request.LastTokenNs = nowNs;
        Complete(request, replica, served: false);
    }

    void DeliverHandoff(long nowNs)
    {
        var request = _handoffs.Take();
        request.TokensHere = request.OutputTokens;
        var replica = _decodeFirst
            + _decodeRouter.Choose(_outstanding.AsSpan(_decodeFirst), prefixKey: 0, _random.NextBits());
        var known = request.PromptTokens + 1;
        var spec = new RequestSpec
        {
            PromptTokens = known,
            MaxOutputTokens = Math.Max(1, _maxTokens - known),
            TransferredTokens = request.PromptTokens,
        };
        if (_replicas[replica].Add(request, spec, nowNs))
            _outstanding[replica]++;
        else
            Complete(request, replica, served: false);
    }

    void OnFinished(int replica, in SimulatedRequest request, long nowNs)
    {
        _outstanding[replica]--;
        if (replica < _decodeFirst && request.OutputTokens > 1)
        {
            var transferNs = (long)(request.PromptTokens * _options.KvTransferNsPerToken);
            var handoff = request;
            handoff.InWheel = false;
            _handoffs.Add(handoff, nowNs + _options.KvTransferLatencyNs + transferNs);
            return;
        }
        Complete(request, replica, served: true);
    }

    void Complete(in SimulatedRequest request, int replica, bool served)
    {
        _meter.Add(Completed(request, replica, served));
        if (request.Session >= 0)
            _arrivals.Finished(request.Session, request.LastTokenNs + request.LagNs);
    }

    CompletedRequest Completed(in SimulatedRequest request, int replica, bool served)
    {
        var completed = new CompletedRequest
        {
            Index = request.Index,
            Replica = replica,
            PromptTokens = request.PromptTokens,
            OutputTokens = request.OutputTokens,
            ArrivalNs = request.ArrivalNs,
            FirstTokenNs = request.FirstTokenNs + request.LagNs,
            LastTokenNs = request.LastTokenNs + request.LagNs,
            Served = served,
        };
        _options.Observer?.Invoke(completed);
        return completed;
    }

    SimulationResult Summarise(bool stopped)
    {
        var causes = new TimeByCause();
        long steps = 0, preemptions = 0, queried = 0, hits = 0;
        double busyNs = 0;
        var peak = 0;
        var hash = 14695981039346656037UL;
        foreach (var replica in _replicas)
        {
            steps += replica.Steps;
            busyNs += replica.BusyNs;
            causes += replica.TimeByCause;
            preemptions += replica.Scheduler.Preemptions;
            queried += replica.Scheduler.PrefixQueriedTokens;
            hits += replica.Scheduler.PrefixHitTokens;
            peak = Math.Max(peak, replica.Scheduler.PeakUsedBlocks);
            hash = (hash ^ replica.Scheduler.PlanHash) * 1099511628211UL;
        }
        var makespanS = Math.Max(0, _meter.LastTokenNs - _meter.FirstArrivalNs) / 1e9;
        return new SimulationResult
        {
            Requests = _arrived,
            Completed = _meter.Completed,
            Failed = _meter.Failed,
            MakespanS = makespanS,
            Latencies = _meter.Latencies,
            Goodput = _meter.Measured > 0 ? (double)_meter.Good / _meter.Measured : null,
            PromptTokensPerSecond = makespanS > 0 ? (double)_meter.PromptTokens / makespanS : 0,
            OutputTokensPerSecond = makespanS > 0 ? (double)_meter.OutputTokens / makespanS : 0,
            Preemptions = preemptions,
            PeakKvBlocks = peak,
            PromptTokens = (long)_meter.PromptTokens,
            CachedPromptTokens = hits,
            OutputTokens = (long)_meter.OutputTokens,
            PrefixHitRate = _arrivals.PrefixBlockTokens > 0 && queried > 0 ? (double)hits / queried : null,
            Steps = steps,
            Batch = BatchBetween(),
            BusyShare = makespanS > 0 ? busyNs / 1e9 / makespanS / _replicas.Length : 0,
            TimeByCause = causes,
            PlanHash = hash,
            Holds = _meter.CertainlyBroken ? false : stopped ? true : _meter.Verdict(),
            StoppedEarly = stopped,
        };
    }
}
