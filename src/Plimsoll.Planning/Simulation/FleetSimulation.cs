using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation.Tiers;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Replicas behind a router, in simulated time. Between two arrivals the replicas know nothing of each
/// other, so each runs ahead to the next arrival on its own; in a closed loop, where a finish may cause an
/// arrival, the one that is furthest behind moves first and only as far as the next. Ranks that share experts
/// move together.
/// </summary>
public sealed partial class FleetSimulation
{
    readonly Fleet _fleet;
    readonly SimulationOptions _options;
    readonly IArrivalSource _arrivals;
    readonly RequestMeter _meter;
    readonly RequestOverhead _overhead;
    readonly Router _router;
    readonly Router _decodeRouter = new(RoutingPolicy.LeastOutstanding);
    readonly HandoffQueue _handoffs = new();
    readonly ReplicaSimulation[] _replicas;
    readonly List<IStepping> _stepping = [];
    readonly int[] _outstanding;
    readonly int _decodeFirst;
    int _maxTokens;
    readonly bool _closedLoop;
    RandomStream _random;
    long _arrived;
    long _lastArrivalNs;
    int _waitingHalfway;
    int _waitingAtTheEnd;
    LineCounts _linesHalfway;
    LineCounts _linesAtTheEnd;

    FleetSimulation(Fleet fleet, IArrivalSource arrivals, bool closedLoop, SimulationOptions options)
    {
        _fleet = fleet;
        _options = options;
        _arrivals = arrivals;
        _closedLoop = closedLoop;
        _overhead = (fleet.Prefill ?? fleet.Serving).StepTime.RequestOverhead;
        _meter = new RequestMeter(
            [.. options.Levels.Select(l => l.Limits)], options.WarmupRequests,
            options.Requests - options.CooldownRequests, _overhead);
        _router = new Router(fleet.Routing);
        _random = new RandomStream(options.Seed, purpose: 77);
        _decodeFirst = fleet.Prefill?.Replicas ?? 0;
        _replicas = new ReplicaSimulation[fleet.Replicas];
        _outstanding = new int[_replicas.Length];
        _maxTokens = options.MaxModelLength;
        if (fleet.Prefill is { } prefill)
            Add(prefill, first: 0);
        Add(fleet.Serving, _decodeFirst);
        AddTiers();
    }

    /// <summary>Simulates a fleet to the last token, or until the verdict is certain.</summary>
    /// <param name="fleet">Its engines; the levels and the prefix blocks of their schedulers are set
    /// here.</param>
    /// <param name="arrivals">The requests, in order of arrival.</param>
    /// <param name="closedLoop">Whether an arrival may wait for another request's answer.</param>
    /// <param name="options">What to simulate of it and what to measure.</param>
    public static SimulationResult Run(
        Fleet fleet, IArrivalSource arrivals, bool closedLoop, SimulationOptions options) =>
        new FleetSimulation(fleet, arrivals, closedLoop, options).Run();

    void Add(EnginePool pool, int first)
    {
        var limits = pool.Limits with
        {
            Policy = KvTierChoice.WithHost(pool.Limits.Policy, pool.StepTime.Deployment),
            Levels = SharedLevels.Of(
                _options.Levels, _options.BatchWorkload is not null, _options.MinBatchShare),
            PrefixBlockTokens = _arrivals.PrefixBlockTokens,
        };
        var most = Math.Min(
            _options.MaxModelLength, (int)Math.Min(int.MaxValue, (long)limits.NumBlocks * limits.BlockSize));
        for (var i = first; i < first + pool.Replicas; i++)
        {
            _replicas[i] = new ReplicaSimulation(
                i, limits, pool.StepTime, _meter, OnFinished, _options,
                i < _decodeFirst ? null : BatchFeed.Of(_options, i, pool, most));
        }
        for (var i = first; i < first + pool.Replicas; i += pool.LockstepRanks)
        {
            _stepping.Add(pool.LockstepRanks == 1
                ? _replicas[i]
                : new LockstepRanks(_replicas[i..Math.Min(i + pool.LockstepRanks, first + pool.Replicas)]));
        }
        _maxTokens = Math.Min(_maxTokens, _replicas[first].Scheduler.MaxRequestTokens);
    }

    /// <summary>Whether a finish here may cause an arrival there.</summary>
    bool IsOrdered => _closedLoop || _decodeFirst > 0;

    SimulationResult Run()
    {
        var stopped = false;
        while (!stopped)
        {
            var nextNs = NextArrivalNs();
            if (nextNs == long.MaxValue && !IsOrdered)
                CloseBatch(_lastArrivalNs);
            if (IsOrdered)
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
        return Math.Min(arrivalNs, Math.Min(_handoffs.NextNs, NextLoadNs));
    }

    void RunAhead(long untilNs)
    {
        foreach (var ranks in _stepping)
            ranks.RunUntil(untilNs);
    }

    /// <summary>
    /// Moves the replica whose step ends first, up to the next event anywhere, until an arrival is due.
    /// Returns its time.
    /// </summary>
    long RunInOrder(long arrivalNs)
    {
        while (true)
        {
            if (arrivalNs == long.MaxValue && _outstanding.AsSpan().IndexOfAnyExcept(0) < 0)
                CloseBatch(Math.Max(_lastArrivalNs, _meter.LastTokenNs));
            int first = 0;
            long firstNs = long.MaxValue, secondNs = long.MaxValue;
            for (var i = 0; i < _stepping.Count; i++)
            {
                var endsNs = _stepping[i].NextStepEndsNs;
                if (endsNs < firstNs)
                    (first, firstNs, secondNs) = (i, endsNs, firstNs);
                else
                    secondNs = Math.Min(secondNs, endsNs);
            }
            if (firstNs > arrivalNs || firstNs == long.MaxValue)
                return arrivalNs;
            var untilNs = Math.Max(firstNs, Math.Min(arrivalNs, secondNs));
            _stepping[first].RunUntil(untilNs, stopAtFinish: true);
            arrivalNs = NextArrivalNs();
        }
    }

    /// <summary>
    /// Requests that no engine has admitted yet, half way through the arrivals and at the last of them.
    /// </summary>
    void CountWaiting(long nowNs)
    {
        var waiting = 0;
        var lines = default(LineCounts);
        foreach (var replica in _replicas)
        {
            waiting += replica.Waiting;
            lines += replica.Lines(nowNs);
        }
        if (_arrived <= _options.Requests / 2)
            (_waitingHalfway, _linesHalfway) = (waiting, lines);
        (_waitingAtTheEnd, _linesAtTheEnd) = (waiting, lines);
    }

    void Deliver(long nowNs)
    {
        if (_handoffs.NextNs == nowNs)
        {
            DeliverHandoff(nowNs);
            return;
        }
        if (NextLoadNs == nowNs)
        {
            DeliverLoad(nowNs);
            return;
        }
        _arrivals.Take(out var arrival);
        var request = Arrived(arrival, nowNs);
        if (_arrived == _options.Requests / 2 || _arrived == _options.Requests)
            CountWaiting(nowNs);
        if (request.Index == _options.WarmupRequests)
            EndWarmup(nowNs);
        if ((request.Index & 0xFFFF) == 0)
            _options.Progress?.Invoke(request.Index);

        var pool = _decodeFirst > 0 ? _decodeFirst : _replicas.Length;
        var replica = _router.Choose(
            _outstanding.AsSpan(0, pool), CachedShares(arrival, pool), _random.NextBits());
        var spec = SpecOf(request, arrival.PromptTokens) with { PrefixKeys = arrival.PrefixKeys };
        _outstanding[replica]++;
        if (arrival.PromptTokens >= _maxTokens)
        {
            Refuse(request, replica, nowNs);
        }
        else if (!Fetches(ref request, arrival.PrefixKeys, replica, nowNs)
            && !_replicas[replica].Add(request, spec, nowNs))
        {
            Refuse(request, replica, nowNs);
        }
    }

    SimulatedRequest Arrived(in Arrival arrival, long nowNs)
    {
        var request = new SimulatedRequest
        {
            Index = _arrived++,
            Session = arrival.Session,
            Level = arrival.Level,
            Priority = arrival.Priority,
            Tenant = arrival.Tenant,
            Adapter = arrival.Adapter,
            Deadlines = arrival.Deadlines,
            CachedTokens = -1,
            PromptTokens = arrival.PromptTokens,
            OutputTokens = arrival.OutputTokens == 0
                ? 0
                : Math.Clamp(arrival.OutputTokens, 1, Math.Max(1, _maxTokens - arrival.PromptTokens)),
            ArrivalNs = nowNs,
            ImageTokens = arrival.ImageTokens,
            EncoderPatches = arrival.EncoderPatches,
            EncoderPairs = arrival.EncoderPairs,
        };
        // The end of the prompt counts as a token where there is no answer: it is what is waited for.
        request.TokensHere = _decodeFirst > 0 ? 1 : Math.Max(1, request.OutputTokens);
        return request;
    }

    RequestSpec SpecOf(in SimulatedRequest request, int knownTokens) => new()
    {
        PromptTokens = knownTokens,
        MaxOutputTokens = Math.Max(1, _maxTokens - knownTokens),
        ArrivalNs = request.ArrivalNs,
        Level = request.Level,
        Priority = request.Priority,
        Tenant = request.Tenant,
        Adapter = request.Adapter,
        // The engine has what the request does not spend outside it.
        TtftNs = (OrNull(request.Deadlines.TtftNs) ?? _options.Levels[request.Level].Spec.TtftNs)
            - _overhead.Ns(request.PromptTokens),
        ItlNs = OrNull(request.Deadlines.ItlNs),
        CompletionNs = OrNull(request.Deadlines.CompletionNs),
    };

    static long? OrNull(long ns) => ns > 0 ? ns : null;

    void DeliverHandoff(long nowNs)
    {
        var request = _handoffs.Take();
        request.TokensHere = request.OutputTokens;
        var replica = _decodeFirst
            + _decodeRouter.Choose(_outstanding.AsSpan(_decodeFirst), cachedShare: [], _random.NextBits());
        var spec = SpecOf(
            request, request.PromptTokens + 1) with { TransferredTokens = request.PromptTokens };
        if (_replicas[replica].Add(request, spec, nowNs))
            _outstanding[replica]++;
        else
            Complete(request, replica, served: false);
    }

    void OnFinished(int replica, in SimulatedRequest request, long nowNs, bool served)
    {
        if (!served)
        {
            Refuse(request, replica, nowNs, rejected: true);
            return;
        }
        _outstanding[replica]--;
        Keep(request, replica);
        if (replica < _decodeFirst && request.OutputTokens > 1)
        {
            var transferNs = (long)(request.PromptTokens * _fleet.KvTransferNsPerToken);
            var handoff = request;
            handoff.InWheel = false;
            _handoffs.Add(handoff, nowNs + _fleet.KvTransferLatencyNs + transferNs);
            return;
        }
        Complete(request, replica, served: true);
    }

    void Complete(in SimulatedRequest request, int replica, bool served, bool rejected = false)
    {
        _meter.Add(Completed(request, replica, served, rejected));
        if (request.Session >= 0)
            _arrivals.Finished(request.Session, request.LastTokenNs + request.LagNs);
    }

    CompletedRequest Completed(in SimulatedRequest request, int replica, bool served, bool rejected)
    {
        var completed = new CompletedRequest
        {
            Index = request.Index,
            Replica = replica,
            Level = request.Level,
            PromptTokens = request.PromptTokens,
            CachedTokens = Math.Max(request.FetchedTokens, request.CachedTokens),
            OutputTokens = request.OutputTokens,
            LateGaps = request.LateGaps,
            ArrivalNs = request.ArrivalNs,
            FirstTokenNs = request.FirstTokenNs + request.LagNs,
            LastTokenNs = request.LastTokenNs + request.LagNs,
            Served = served,
            Rejected = rejected,
            Relegated = request.IsBatch,
        };
        _options.Observer?.Invoke(completed);
        return completed;
    }

    SimulationResult Summarise(bool stopped)
    {
        var causes = new TimeByCause();
        long steps = 0, preemptions = 0;
        double busyNs = 0;
        var peak = 0;
        var hash = 14695981039346656037UL;
        foreach (var replica in _replicas)
        {
            steps += replica.Steps;
            busyNs += replica.BusyNs;
            causes += replica.TimeByCause;
            preemptions += replica.Scheduler.Preemptions;
            peak = Math.Max(peak, replica.Scheduler.PeakUsedBlocks);
            hash = (hash ^ replica.Scheduler.PlanHash) * 1099511628211UL;
        }
        var makespanS = Math.Max(0, _meter.LastTokenNs - _meter.FirstArrivalNs) / 1e9;
        return new SimulationResult
        {
            Requests = _arrived,
            Completed = _meter.Completed,
            Failed = _meter.Failed,
            Rejected = _meter.Rejected,
            MakespanS = makespanS,
            Latencies = _meter.Latencies,
            Goodput = _meter.Goodput,
            Levels = _meter.Levels,
            PromptTokensPerSecond = makespanS > 0 ? (double)_meter.PromptTokens / makespanS : 0,
            OutputTokensPerSecond = makespanS > 0 ? (double)_meter.OutputTokens / makespanS : 0,
            Preemptions = preemptions,
            PeakKvBlocks = peak,
            PromptTokens = (long)_meter.PromptTokens,
            CachedPromptTokens = (long)_meter.CachedTokens,
            OutputTokens = (long)_meter.OutputTokens,
            PrefixHitRate = _arrivals.PrefixBlockTokens > 0 && _meter.PromptTokens > 0
                ? (double)_meter.CachedTokens / (double)_meter.PromptTokens
                : null,
            WaitingHalfway = _waitingHalfway,
            WaitingAtTheEnd = _waitingAtTheEnd,
            Steps = steps,
            Batch = BatchOfRun(),
            BusyShare = makespanS > 0 ? Math.Min(1, busyNs / 1e9 / makespanS / _replicas.Length) : 0,
            TimeByCause = causes,
            KvTiers = KvTiers.Sum(_tiers),
            BatchComputingNs = _replicas.Sum(r => r.BatchComputingNs),
            Shares = SharesOfTime(),
            PlanHash = hash,
            Holds = _meter.CertainlyBroken ? false : stopped ? true : _meter.Verdict(),
            StoppedEarly = stopped,
        };
    }
}
