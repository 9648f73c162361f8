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
/// The simulated loop of one engine rank, told token by token: plan, predict, let that time pass, say what came
/// of it. It has no clock: whoever drives it says up to when to run, be it a live engine or a test.
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
    readonly Func<long, long>? _perturb;
    readonly int _index;
    readonly Queue<(SimulatedSequence Sequence, RequestSpec Spec)> _newcomers = new();
    readonly List<SimulatedSequence> _decoding = [];
    SimulatedSequence?[] _byHandle = new SimulatedSequence?[64];
    readonly List<RequestOutcome> _outcomes = [];
    readonly List<StepShare> _shares = [];
    readonly HashSet<int> _skipped = [];
    StepPlan? _inFlight;
    long _stepNs;
    long _predictedNs;
    long _nowNs;

    /// <param name="limits">The scheduler's limits.</param>
    /// <param name="stepTime">How long steps take.</param>
    /// <param name="token">Hears of every token.</param>
    /// <param name="onStep">Hears of every step before its tokens; null for nobody.</param>
    /// <param name="perturb">Makes a real step of a predicted one, nanoseconds; null for none.</param>
    /// <param name="index">Which rank of its engine it is.</param>
    public SimulatedRank(
        SchedulerOptions limits, StepTimeModel stepTime, SimulatedTokenHandler token, StepListener? onStep = null,
        Func<long, long>? perturb = null, int index = 0)
    {
        _index = index;
        _scheduler = new Scheduler(limits);
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
        if (sequence.Handle >= 0)
        {
            if (_inFlight is null)
                _nowNs = Math.Max(_nowNs, nowNs);
            _scheduler.Cancel(sequence.Handle, _inFlight is null ? _nowNs : Math.Max(nowNs, _nowNs));
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

    /// <summary>Runs every step that ends at or before a time; the one that ends later stays in flight.</summary>
    public void RunUntil(long untilNs)
    {
        while (NextStepEndsNs <= untilNs)
            End();
    }

    void Hand(SimulatedSequence sequence, in RequestSpec spec, long nowNs)
    {
        var handle = _scheduler.Add(spec, nowNs);
        if (handle >= _byHandle.Length)
            Array.Resize(ref _byHandle, Math.Max(handle + 1, 2 * _byHandle.Length));
        _byHandle[handle] = sequence;
        sequence.Handle = handle;
    }

    void HandOver()
    {
        while (_newcomers.TryDequeue(out var newcomer))
            Hand(newcomer.Sequence, newcomer.Spec, _nowNs);
    }

    void Begin()
    {
        var plan = _scheduler.Plan(_nowNs);
        if (plan.IsEmpty && _newcomers.Count > 0)
        {
            HandOver();
            plan = _scheduler.Plan(_nowNs);
        }
        else
        {
            HandOver();
        }
        foreach (var preempted in plan.Preempted)
            StopDecoding(_byHandle[preempted]!);
        if (plan.IsEmpty)
            return;
        _inFlight = plan;
        _predictedNs = _stepTime.PredictNs(plan.Shape);
        _stepNs = _perturb is null ? _predictedNs : Math.Max(1, _perturb(_predictedNs));
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
        _skipped.Clear();
        foreach (var skipped in plan.SkippedDecodes)
            _skipped.Add(skipped);
        if (_onStep is not null)
            Report(plan, startNs);
        var decoding = _decoding.Count;
        for (var i = 0; i < decoding; i++)
        {
            if (!_skipped.Contains(_decoding[i].Handle))
                Emit(_decoding[i]);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (_byHandle[chunk.Request] is not { } sequence)
                continue;
            sequence.CachedTokens = chunk.CachedTokens;
            sequence.ReachedTokens = Math.Max(sequence.ReachedTokens, chunk.Start + chunk.Tokens);
            if (!chunk.EndsPrompt)
                continue;
            sequence.Slot = _decoding.Count;
            _decoding.Add(sequence);
            Emit(sequence);
        }
        _scheduler.Commit(new StepOutcome(CollectionsMarshal.AsSpan(_outcomes)), _nowNs);
        for (var i = _decoding.Count - 1; i >= 0; i--)
        {
            if (_decoding[i].Emitted >= _decoding[i].OutputTokens)
                Forget(_decoding[i]);
        }
    }

    void Report(StepPlan plan, long startNs)
    {
        _shares.Clear();
        foreach (var sequence in _decoding)
        {
            if (!_skipped.Contains(sequence.Handle))
            {
                _shares.Add(new StepShare(
                    sequence.LedgerId, 0, 1, sequence.PromptTokens + sequence.Emitted));
            }
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (_byHandle[chunk.Request] is not { } sequence)
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
        sequence.ReachedTokens = Math.Max(sequence.ReachedTokens, sequence.PromptTokens + sequence.Emitted - 1);
        var last = sequence.Emitted >= sequence.OutputTokens;
        if (last)
            _outcomes.Add(new RequestOutcome { Request = sequence.Handle, Finished = true });
        _token(sequence, Steps, _nowNs, last);
    }

    void Forget(SimulatedSequence sequence)
    {
        StopDecoding(sequence);
        _byHandle[sequence.Handle] = null;
        sequence.Handle = -1;
    }

    void StopDecoding(SimulatedSequence sequence)
    {
        if (sequence.Slot < 0)
            return;
        _decoding.RemoveAt(sequence.Slot);
        for (var i = sequence.Slot; i < _decoding.Count; i++)
            _decoding[i].Slot = i;
        sequence.Slot = -1;
    }
}
