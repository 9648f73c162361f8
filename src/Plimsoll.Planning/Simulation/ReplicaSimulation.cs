using System;
using System.Collections.Generic;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// The simulated loop around one engine rank's scheduler: plan, predict how long it takes, let that time
/// pass, report what came of it. Only this loop knows how long answers are.
/// <para>
/// While nothing arrives or finishes, a decode batch repeats itself. The loop then commits many steps at
/// once: step times are constant while the mean context stays within a 16-token page, so a leap costs one
/// prediction per page and lands on the same nanosecond as stepping.
/// </para>
/// </summary>
sealed partial class ReplicaSimulation : IStepping
{
    const int PageTokens = 16;

    readonly Scheduler _scheduler;
    readonly StepTimeModel _stepTime;
    readonly RequestMeter _meter;
    readonly FinishedHandler _finished;
    readonly CohortClocks _cohorts;
    readonly BatchFeed? _batch;
    readonly GapLimits _gapLimits;
    readonly SimulationOptions _options;
    readonly int _index;
    readonly int _blocks;
    readonly int _batchAccount;
    readonly bool _leaps;
    SimulatedRequest[] _requests = new SimulatedRequest[64];
    RequestOutcome[] _outcomes = new RequestOutcome[16];
    int _outcomeCount;
    int _skippedBefore;
    int _interactivePrompts;
    int _interactive;
    readonly Queue<(SimulatedRequest Request, RequestSpec Spec)> _newcomers = new();
    StepPlan? _inFlight;
    StepShape _shape;
    bool _justAdded;
    long _stepNs;
    long _nowNs;

    public ReplicaSimulation(
        int index, SchedulerOptions engine, StepTimeModel stepTime, RequestMeter meter,
        FinishedHandler finished, SimulationOptions options, BatchFeed? batch = null)
    {
        _index = index;
        _batch = batch;
        _scheduler = new Scheduler(engine, PredictorOf(engine, stepTime, options));
        _stepTime = stepTime;
        _meter = meter;
        _finished = finished;
        _options = options;
        _blocks = engine.NumBlocks;
        _isStatic = engine.Policy.StaticBatches;
        _leaps = options.Leaps && !_isStatic;
        _gapLimits = new GapLimits(options.Levels);
        _batchAccount = options.Levels.Count;
        _cohorts = new CohortClocks(_batchAccount + 1);
        _decodes = new int[_batchAccount];
        _causes = new StepCause[_batchAccount + 1];
        ComputingNs = new long[_batchAccount + 1];
        OutputTokens = new long[_batchAccount + 1];
        PromptTokens = new long[_batchAccount + 1];
        _drafts = engine.Policy.Slack?.Drafts;
        _random = new RandomStream(options.Seed + (ulong)index, purpose: 78);
    }

    public Scheduler Scheduler => _scheduler;

    /// <summary>Engine steps so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Time spent computing, nanoseconds.</summary>
    public long BusyNs { get; private set; }

    /// <summary>Computing time by what caused it, when the options ask for it.</summary>
    public TimeByCause TimeByCause { get; private set; }

    public int Outstanding => _scheduler.Requests;

    public long NextStepEndsNs
    {
        get
        {
            if (IsDone)
                return long.MaxValue;
            if (_inFlight is null)
                Begin();
            return _inFlight is null ? _batch?.NextNs ?? long.MaxValue : _nowNs + _stepNs;
        }
    }

    /// <summary>
    /// Takes a request at its time of arrival here; every step that ends by then has been committed. While
    /// a step runs, an engine that schedules ahead has already planned the next one, so a newcomer misses
    /// it. False when the engine could never serve it.
    /// </summary>
    public bool Add(in SimulatedRequest request, in RequestSpec spec, long nowNs)
    {
        if (!_scheduler.CanServe(spec))
            return false;
        _interactive++;
        if (_inFlight is not null && _stepTime.StepsAhead > 0)
        {
            _newcomers.Enqueue((request, spec));
            return true;
        }
        if (_inFlight is null)
            _nowNs = nowNs;
        Hand(request, spec, nowNs);
        return true;
    }

    void Hand(in SimulatedRequest request, in RequestSpec spec, long nowNs)
    {
        var verdict = _scheduler.Add(spec, nowNs);
        var id = verdict.Request;
        if (!verdict.IsTaken)
        {
            _interactive--;
            _finished(_index, request, nowNs, served: false);
            return;
        }
        if (id.Slot >= _requests.Length)
            Array.Resize(ref _requests, Math.Max(id.Slot + 1, 2 * _requests.Length));
        _requests[id.Slot] = request;
        _requests[id.Slot].Id = id;
        _requests[id.Slot].IsBatch |= verdict.Admission == Admission.Relegated;
        _seesImages |= request.EncoderPatches > 0;
        _interactivePrompts += _requests[id.Slot].IsBatch ? 0 : 1;
    }

    /// <summary>Newcomers of the last step join behind the plan that was made without them.</summary>
    void HandOver()
    {
        _justAdded = _newcomers.Count > 0;
        while (_newcomers.TryDequeue(out var newcomer))
            Hand(newcomer.Request, newcomer.Spec, _nowNs);
    }

    public void RunUntil(long untilNs, bool stopAtFinish = false)
    {
        while (!IsDone)
        {
            if (_inFlight is null)
            {
                Begin();
                if (_inFlight is null && Await(untilNs))
                    continue;
                if (_inFlight is null)
                    return;
                if (_leaps && !_justAdded && _inFlight.RepeatableSteps > 1 && Leap(untilNs))
                {
                    if (stopAtFinish && _outcomeCount > 0)
                        return;
                    continue;
                }
            }
            if (_nowNs + _stepNs > untilNs)
                return;
            EndOne();
            if (stopAtFinish && _outcomeCount > 0)
                return;
        }
    }

    void EndOne()
    {
        RecordGaps(_inFlight!);
        _options.StepObserver?.Invoke(_index, _shape, 1, _nowNs, _stepNs);
        if (_options.AttributeTime)
            Attribute(_inFlight!, _shape, 1, 0, _stepNs);
        End(steps: 1, _nowNs + _stepNs);
    }

    void Begin()
    {
        FeedBatch();
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
        foreach (ref readonly var move in plan.Parked)
            Move(move);
        foreach (ref readonly var move in plan.Resumed)
            Move(move);
        foreach (var preempted in plan.Preempted)
            LeaveWheel(ref _requests[preempted.Slot], preempted.Slot);
        MovedOut += plan.SwappedOut.Length;
        if (plan.IsEmpty)
            return;
        _inFlight = plan;
        _shape = plan.Shape;
        if (_seesImages)
            AddImages(plan);
        if (_isStatic)
            Pad(plan);
        _stepNs = StepNs(plan);
    }

    /// <summary>The drafting and the step. Where nothing was drawn, a policy that predicts has asked the same
    /// model.</summary>
    long StepNs(StepPlan plan) => _stepTime.Draw.IsNone && plan.PredictedNs is { } ns && !_seesImages
        ? ns
        : _stepTime.PredictNs(_shape) + (_drafts?.DraftNs(plan.Shape) ?? 0) + plan.MovedNs;

    /// <summary>A preempted decode stops giving tokens; what it gave so far is written down.</summary>
    void LeaveWheel(ref SimulatedRequest request, int handle)
    {
        if (!request.InWheel)
            return;
        request.Emitted = request.TokensHere - Remaining(request, handle);
        request.ComputedOnce = request.PromptTokens + request.Emitted - 1;
        request.LastTokenNs = _nowNs;
        Leave(ref request, handle);
        if (request.WaitingSinceNs == 0)
            return;
        request.LastTokenNs = request.WaitingSinceNs;
        request.WaitingSinceNs = 0;
        _skippedBefore--;
    }

    /// <summary>
    /// Runs the plan in flight as often as it repeats itself before something happens. False when not even
    /// one step ends in time.
    /// </summary>
    bool Leap(long untilNs)
    {
        var plan = _inFlight!;
        var shape = plan.Shape;
        var most = Math.Min(plan.RepeatableSteps, _cohorts.Distance(plan));
        CountDecodes(plan);
        var context = shape.DecodeContextTokens;
        var decodes = shape.Decodes;
        var stepNs = _stepNs;
        var endNs = _nowNs;
        var steps = 0;
        while (true)
        {
            var nextPage = (context / ((long)PageTokens * decodes) + 1) * PageTokens * decodes;
            var withinPage = (int)Math.Min(most - steps, (nextPage - context + decodes - 1) / decodes);
            var inTime = (untilNs - endNs) / stepNs;
            var taken = (int)Math.Min(withinPage, inTime);
            if (taken > 0)
            {
                AddGaps(stepNs, taken);
                _gapLimits.AddSteps(stepNs, taken);
                var repeated = shape with { DecodeContextTokens = context };
                _options.StepObserver?.Invoke(_index, repeated, taken, endNs, stepNs);
                if (_options.AttributeTime)
                    Attribute(plan, repeated, taken, steps, stepNs);
                steps += taken;
                endNs += stepNs * taken;
                context += (long)decodes * taken;
            }
            if (steps == most || taken < withinPage)
                break;
            stepNs = _stepTime.PredictNs(shape with { DecodeContextTokens = context });
        }
        if (steps == 0)
            return false;
        End(steps, endNs);
        return true;
    }

    void End(int steps, long endNs)
    {
        var plan = _inFlight!;
        var durationNs = endNs - _nowNs;
        BusyNs += durationNs;
        _nowNs = endNs;
        Steps += steps;
        _inFlight = null;
        _outcomeCount = 0;
        if (plan.Shape.DraftTokens > 0)
            AcceptDrafts(plan);
        foreach (ref readonly var run in plan.Cohorts)
            Advance(_cohorts[run.Cohort], steps);
        var lagNs = plan.Chunks.Length > 0 ? _stepTime.LagNs(plan.Shape) : 0;
        foreach (ref readonly var chunk in plan.Chunks)
        {
            ref var cachedTokens = ref _requests[chunk.Request.Slot].CachedTokens;
            if (cachedTokens < 0)
                cachedTokens = chunk.CachedTokens;
            CountChunk(ref _requests[chunk.Request.Slot], chunk);
            if (chunk.EndsPrompt)
                Emit(chunk, lagNs);
        }
        if (plan.Shape.DraftTokens > 0)
            ReportDrafts();
        _scheduler.Commit(
            new StepOutcome(_outcomes.AsSpan(0, _outcomeCount), steps) { DurationNs = durationNs }, endNs);
    }

    /// <summary>
    /// The token that ends a prompt: the first of an answer, or the next after a preemption.
    /// </summary>
    void Emit(in PrefillChunk chunk, long lagNs)
    {
        var handle = chunk.Request.Slot;
        ref var request = ref _requests[handle];
        if (request.Emitted == 0)
        {
            request.FirstTokenNs = _nowNs;
            request.LagNs = lagNs;
            _interactivePrompts -= request.IsBatch ? 0 : 1;
        }
        else if (!request.IsBatch)
        {
            _meter.AddGaps(_nowNs - request.LastTokenNs, 1, request.Level);
            request.LateGaps += _gapLimits.Of(request.Level, _nowNs - request.LastTokenNs);
        }
        request.LastTokenNs = _nowNs;
        request.Emitted++;
        OutputTokens[AccountOf(request)] += request.OutputTokens > 0 ? 1 : 0;
        if (request.Emitted == request.TokensHere)
        {
            Finish(handle);
            return;
        }
        Join(ref request, handle, chunk.Cohort, request.TokensHere - request.Emitted);
    }

    void Finish(int handle)
    {
        ref var request = ref _requests[handle];
        if (_outcomeCount == _outcomes.Length)
            Array.Resize(ref _outcomes, 2 * _outcomeCount);
        _outcomes[_outcomeCount++] = new RequestOutcome
        {
            Request = request.Id, Finished = true, AcceptedDrafts = request.Accepted,
        };
        request.LastTokenNs = _nowNs;
        if (request.InWheel)
            Leave(ref request, handle);
        if (request.IsLine)
        {
            _batch!.Done(request);
            return;
        }
        _finished(_index, request, _nowNs, served: true);
        _interactive--;
    }
}
