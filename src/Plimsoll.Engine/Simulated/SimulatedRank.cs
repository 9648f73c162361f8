using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Engine.Simulated;

/// <summary>Called with every token of a step, in the order of admission to decoding.</summary>
/// <param name="sequence">Whose token.</param>
/// <param name="step">Serial of the step.</param>
/// <param name="timeNs">End of the step.</param>
/// <param name="last">Whether the answer is complete.</param>
public delegate void SimulatedTokenHandler(SimulatedSequence sequence, long step, long timeNs, bool last);

/// <summary>
/// The simulated loop of one engine rank, told token by token: plan, predict, let that time pass, say what
/// came of it. It has no clock: whoever drives it says up to when to run, be it a live engine or a test.
/// <para>
/// Steps follow each other on the nanosecond, however late the driver wakes; requests join by their own
/// arrival time. The same arrivals therefore give the same plans as `plimsoll simulate` gives them.
/// </para>
/// </summary>
public sealed class SimulatedRank
{
    readonly Scheduler _scheduler;
    readonly StepTimeModel _stepTime;
    readonly SimulatedTokenHandler _token;
    readonly StepListener? _onStep;
    readonly Action<SimulatedSequence, Verdict>? _verdict;
    readonly Func<long, long>? _perturb;
    readonly int _index;
    readonly DecisionLog? _log;
    readonly Queue<(SimulatedSequence Sequence, RequestSpec Spec)> _newcomers = new();
    SimulatedSequence?[] _bySlot = new SimulatedSequence?[64];
    RequestId[] _decodes = new RequestId[64];
    readonly List<RequestOutcome> _outcomes = [];
    readonly List<StepShare> _shares = [];
    StepPlan? _inFlight;
    long _stepNs;
    long _predictedNs;
    long _nowNs;

    /// <param name="limits">The scheduler's limits.</param>
    /// <param name="stepTime">How long steps take.</param>
    /// <param name="token">Hears of every token.</param>
    /// <param name="onStep">Hears of every step before its tokens; null for nobody.</param>
    /// <param name="perturb">Makes a real step of a predicted one, nanoseconds; null for none.</param>
    /// <param name="verdict">Hears of requests that are turned away or taken in at another level.</param>
    /// <param name="index">Which rank of its engine it is.</param>
    /// <param name="log">Is told what the scheduler is told; null for none.</param>
    public SimulatedRank(
        SchedulerOptions limits, StepTimeModel stepTime, SimulatedTokenHandler token,
        StepListener? onStep = null, Func<long, long>? perturb = null, int index = 0,
        Action<SimulatedSequence, Verdict>? verdict = null, DecisionLog? log = null)
    {
        _log = log;
        _verdict = verdict;
        _index = index;
        // A step that is made longer than predicted is learnt from, as a real one is.
        _scheduler = new Scheduler(limits, new StepPredictor(stepTime, learns: perturb is not null));
        _stepTime = stepTime;
        _token = token;
        _onStep = onStep;
        _perturb = perturb;
    }

    public Scheduler Scheduler => _scheduler;

    public long Steps { get; private set; }

    public long BusyNs { get; private set; }

    /// <summary>Requests in it, those that wait for the running step to end included.</summary>
    public int Outstanding => _scheduler.Requests + _newcomers.Count;

    /// <summary>End of the step in flight; <see cref="long.MaxValue"/> when there is nothing to do.</summary>
    public long NextStepEndsNs
    {
        get
        {
            if (_inFlight is null)
                Begin();
            return _inFlight is null ? long.MaxValue : _nowNs + _stepNs;
        }
    }

    /// <summary>
    /// Takes a sequence in at its arrival; steps that end by then have been run. While a step runs, an engine
    /// that schedules ahead has already planned the next one, so a newcomer misses it. False when it could
    /// never be served.
    /// </summary>
    public bool Add(SimulatedSequence sequence, in RequestSpec spec, long nowNs)
    {
        if (!_scheduler.CanServe(spec))
            return false;
        if (_inFlight is not null && _stepTime.StepsAhead > 0)
        {
            _newcomers.Enqueue((sequence, spec));
            return true;
        }
        if (_inFlight is null)
            _nowNs = Math.Max(_nowNs, nowNs);
        Hand(sequence, spec, _inFlight is null ? _nowNs : nowNs);
        return true;
    }

    /// <summary>Drops a sequence wherever it is; unknown ones are ignored.</summary>
    public void Cancel(SimulatedSequence sequence, long nowNs)
    {
        if (!sequence.Id.IsNone)
        {
            _nowNs = _inFlight is null ? Math.Max(_nowNs, nowNs) : _nowNs;
            _scheduler.Cancel(sequence.Id, Math.Max(nowNs, _nowNs));
            _log?.Cancel(sequence.Id, Math.Max(nowNs, _nowNs));
            Forget(sequence);
            return;
        }
        for (var left = _newcomers.Count; left > 0; left--)
        {
            var newcomer = _newcomers.Dequeue();
            if (newcomer.Sequence != sequence)
                _newcomers.Enqueue(newcomer);
        }
    }

    /// <summary>
    /// Runs every step that ends at or before a time; the one that ends later stays in flight.
    /// </summary>
    public void RunUntil(long untilNs)
    {
        while (NextStepEndsNs <= untilNs)
            End();
    }

    void Hand(SimulatedSequence sequence, in RequestSpec spec, long nowNs)
    {
        var verdict = _scheduler.Add(spec, nowNs);
        _log?.Add(spec, verdict, nowNs);
        if (verdict.Admission != Admission.Accepted)
            _verdict?.Invoke(sequence, verdict);
        if (!verdict.IsTaken)
            return;
        var slot = verdict.Request.Slot;
        if (slot >= _bySlot.Length)
            Array.Resize(ref _bySlot, Math.Max(slot + 1, 2 * _bySlot.Length));
        _bySlot[slot] = sequence;
        sequence.Id = verdict.Request;
    }

    void HandOver()
    {
        while (_newcomers.TryDequeue(out var newcomer))
            Hand(newcomer.Sequence, newcomer.Spec, _nowNs);
    }

    void Begin()
    {
        var plan = Plan();
        if (plan.IsEmpty && _newcomers.Count > 0)
        {
            HandOver();
            plan = Plan();
        }
        else
        {
            HandOver();
        }
        if (plan.IsEmpty)
            return;
        _inFlight = plan;
        _predictedNs = _stepTime.PredictNs(plan.Shape) + plan.MovedNs;
        _stepNs = _perturb is null ? _predictedNs : Math.Max(1, _perturb(_predictedNs));
    }

    StepPlan Plan()
    {
        var plan = _scheduler.Plan(_nowNs);
        _log?.Plan(plan, _scheduler.PlanHash, _nowNs);
        return plan;
    }

    /// <summary>Lets the step in flight end: everybody's shares, then everybody's tokens.</summary>
    void End()
    {
        var plan = _inFlight!;
        var startNs = _nowNs;
        _nowNs += _stepNs;
        BusyNs += _stepNs;
        Steps++;
        _inFlight = null;
        _outcomes.Clear();
        if (_decodes.Length < plan.Shape.Decodes)
            _decodes = new RequestId[2 * plan.Shape.Decodes];
        var decodes = _decodes.AsSpan(0, _scheduler.ListDecodes(_decodes));
        if (_onStep is not null)
            Report(plan, decodes, startNs);
        foreach (var id in decodes)
        {
            if (Of(id) is { } sequence)
                Emit(sequence);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (Of(chunk.Request) is not { } sequence)
                continue;
            sequence.CachedTokens = chunk.CachedTokens;
            sequence.ReachedTokens = Math.Max(sequence.ReachedTokens, chunk.Start + chunk.Tokens);
            if (chunk.EndsPrompt)
                Emit(sequence);
        }
        var result = new StepOutcome(CollectionsMarshal.AsSpan(_outcomes)) { DurationNs = _stepNs };
        _scheduler.Commit(result, _nowNs);
        _log?.Commit(result, _nowNs);
        foreach (var outcome in _outcomes)
            Forget(_bySlot[outcome.Request.Slot]!);
    }

    /// <summary>The sequence of that name; null when it was cancelled while its step ran.</summary>
    SimulatedSequence? Of(RequestId id) =>
        _bySlot[id.Slot] is { } sequence && sequence.Id == id ? sequence : null;

    void Report(StepPlan plan, ReadOnlySpan<RequestId> decodes, long startNs)
    {
        _shares.Clear();
        foreach (var id in decodes)
        {
            if (Of(id) is { } sequence)
                _shares.Add(new StepShare(sequence.LedgerId, 0, 1, sequence.PromptTokens + sequence.Emitted));
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (Of(chunk.Request) is not { } sequence)
                continue;
            var again = Math.Clamp(sequence.ReachedTokens - chunk.Start, 0, chunk.Tokens);
            _shares.Add(new StepShare(
                sequence.LedgerId, chunk.Tokens, 0, chunk.Start + chunk.Tokens, again));
        }
        _onStep!(new EngineStep
        {
            Serial = Steps,
            StartNs = startNs,
            DurationNs = _stepNs,
            PredictedNs = _predictedNs,
            Shape = plan.Shape,
            Rank = _index,
            Causes = _stepTime.Split(plan.Shape),
            Shares = CollectionsMarshal.AsSpan(_shares),
        });
    }

    void Emit(SimulatedSequence sequence)
    {
        sequence.Emitted++;
        sequence.ReachedTokens =
            Math.Max(sequence.ReachedTokens, sequence.PromptTokens + sequence.Emitted - 1);
        var last = sequence.Emitted >= sequence.OutputTokens;
        if (last)
            _outcomes.Add(new RequestOutcome { Request = sequence.Id, Finished = true });
        _token(sequence, Steps, _nowNs, last);
    }

    void Forget(SimulatedSequence sequence)
    {
        _bySlot[sequence.Id.Slot] = null;
        sequence.Id = RequestId.None;
    }
}
