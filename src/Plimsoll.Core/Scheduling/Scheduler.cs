using System;
using Plimsoll.Core.Scheduling.Policies;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// Decides what an engine computes next. It has no clock, thread, file or random source: whoever drives it
/// says what time it is and what came of the last plan, so a simulated engine and a live one get the same
/// decisions from the same events.
/// <code>
///   Add ─────────► policy: verdict, queue ─┐
///   Plan ────────► policy decides ─────────┼─► state: requests, cohorts, blocks ─► StepPlan
///   Commit ──────► settlement ─────────────┤
///   Cancel ────────────────────────────────┘
/// </code>
/// The state is changed by its own verbs only; the policy is who goes next, and nothing else.
/// </summary>
public sealed class Scheduler
{
    readonly SchedulerOptions _options;
    readonly SchedulerState _state;
    readonly IStepPolicy _policy;
    readonly StepSettlement _settlement;
    readonly bool _plansByEvents;
    bool _stepInFlight;
    bool _repeats;
    int _lastSteps = 1;

    /// <param name="options">Limits, levels and policy.</param>
    /// <param name="predictor">How long steps take; needed by policies that keep deadlines.</param>
    public Scheduler(SchedulerOptions options, StepPredictor? predictor = null)
    {
        options.Check();
        _options = options;
        _state = new SchedulerState(options);
        _settlement = new StepSettlement(_state);
        _policy = options.Policy switch
        {
            { Slack: not null } =>
                new SlackPolicy(_state, predictor ?? throw new ArgumentNullException(nameof(predictor))),
            { ReservesAnswers: true } => new FcfsPolicy(_state),
            _ => new VllmV1Policy(_state),
        };
        _state.Policy = _policy;
        _plansByEvents = options.Policy.Slack is null;
    }

    /// <summary>Requests admitted and not yet done.</summary>
    public int Running => _state.Running.Count;

    public int Waiting => _policy.Waiting;

    /// <summary>Requests in the scheduler, running and waiting.</summary>
    public int Requests => _state.Requests.Count;

    /// <summary>Blocks in use by running requests.</summary>
    public int UsedBlocks => _options.NumBlocks - _state.FreeBlocks;

    public int PeakUsedBlocks => _state.PeakUsedBlocks;

    public long Preemptions => _state.Preemptions;

    /// <summary>Tokens of prompts looked up in the prefix cache, and those found there.</summary>
    public long PrefixQueriedTokens => _state.Memory.QueriedTokens;

    public long PrefixHitTokens => _state.Memory.HitTokens;

    /// <summary>
    /// Changes of the prefix cache since the plan before, in order; kept where
    /// <see cref="SchedulerOptions.TracksPrefixes"/>. Read them with the plan: the next call drops them.
    /// </summary>
    public ReadOnlySpan<PrefixChange> PrefixChanges => _state.Memory.Pool.Changes;

    /// <summary>
    /// Digest of every decision so far that was not a mere repetition: the same events give the same digest,
    /// whether the executor stepped or leapt.
    /// </summary>
    public ulong PlanHash => _state.Hash;

    /// <summary>Most tokens, prompt and answer, that one request may reach.</summary>
    public int MaxRequestTokens => (int)Math.Min(int.MaxValue, (long)_options.NumBlocks * _options.BlockSize);

    /// <summary>Whether a request could be served if it were alone.</summary>
    public bool CanServe(in RequestSpec request) =>
        (long)request.PromptTokens + request.MaxOutputTokens <= MaxRequestTokens
        && (_options.EnableChunkedPrefill || request.PromptTokens <= _options.MaxNumBatchedTokens);

    /// <summary>
    /// Tokens of a prompt's leading blocks that the prefix cache holds; 0 where it is off. Looks only:
    /// nothing is held, and nothing counts as used.
    /// </summary>
    /// <param name="prefixKeys">As <see cref="RequestSpec.PrefixKeys"/> are.</param>
    public int CachedTokens(ReadOnlySpan<ulong> prefixKeys) => _state.Memory.CachedTokens(prefixKeys);

    /// <summary>Takes a request in, or says why not and when to come again.</summary>
    public Verdict Add(in RequestSpec request, long nowNs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.PromptTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.MaxOutputTokens, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            request.TransferredTokens, request.PromptTokens);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(
            (uint)request.Level, (uint)_options.Levels.Count);
        _state.KeepTime(nowNs);
        _repeats = false;
        if (!CanServe(request))
            return Verdict.Never;
        var admission = _policy.Judge(request, nowNs, out var level, out var retryAfterNs);
        if (admission == Admission.Rejected)
            return new Verdict(admission, RequestId.None, retryAfterNs);
        var slot = _state.Register(request, level, nowNs);
        _policy.Enqueue(slot);
        return new Verdict(admission, _state.Requests.IdOf(slot));
    }

    /// <summary>
    /// Drops a request wherever it is; while a step is in flight it keeps its blocks until the step ends.
    /// False when it is gone already.
    /// </summary>
    public bool Cancel(RequestId request, long nowNs)
    {
        _state.KeepTime(nowNs);
        _repeats = false;
        if (!_state.Requests.Contains(request))
            return false;
        ref var state = ref _state.Requests[request.Slot];
        if (state.Phase == RequestPhase.Waiting)
        {
            _policy.Withdraw(request.Slot);
            _state.Memory.ForgetKept(ref state);
            _state.Requests.Return(request.Slot);
        }
        else if (_stepInFlight)
        {
            _settlement.CancelLater(request.Slot);
        }
        else
        {
            _state.Release(request.Slot);
        }
        return true;
    }

    /// <summary>
    /// Whether the step in flight is better cut short: somebody has come whose first token would be late
    /// otherwise, and nobody in the step waits for one. Ask after <see cref="Add"/>.
    /// </summary>
    public bool ShouldAbort(long nowNs) =>
        _stepInFlight && _state.Plan.IsAbortable && _policy.ShouldAbort(nowNs, _state.StepEndsNs);

    /// <summary>
    /// Decides the next step. The plan stays valid until the next call; it must be committed first unless
    /// it is empty.
    /// </summary>
    public StepPlan Plan(long nowNs)
    {
        Invariant.Holds(!_stepInFlight, "a plan is committed before the next is made");
        _state.KeepTime(nowNs);
        if (_repeats && _lastSteps < _state.Plan.RepeatableSteps)
        {
            _state.RepeatPlan(_lastSteps);
        }
        else
        {
            if (_state.Plan.IsEmpty)
                _state.Memory.Pool.ForgetChanges();
            _state.Plan.ClearMoves();
            _policy.Plan(nowNs);
            _state.EndPlan();
            // What decides by events alone plans the same again until there is one.
            _repeats = _plansByEvents;
        }
        _stepInFlight = !_state.Plan.IsEmpty;
        _state.StepEndsNs = nowNs + (_state.Plan.PredictedNs ?? 0);
        return _state.Plan;
    }

    /// <summary>
    /// Writes down the requests that decode in the plan in flight, in order of admission; the plan itself
    /// counts them only. Returns how many: <see cref="Timing.StepShape.Decodes"/>.
    /// </summary>
    public int ListDecodes(Span<RequestId> into)
    {
        var count = 0;
        for (var slot = _state.Running.First; slot != RunningList.None; slot = _state.Requests[slot].Next)
        {
            ref var state = ref _state.Requests[slot];
            var id = _state.Requests.IdOf(slot);
            if (state.Phase == RequestPhase.Decoding && _state.Runs(state.Cohort) && !_state.IsSkipped(id))
                into[count++] = id;
        }
        return count;
    }

    /// <summary>
    /// Takes in what came of the plan. Requests that computed their last known token and were not finished
    /// decode from the next step on.
    /// </summary>
    public void Commit(in StepOutcome outcome, long nowNs)
    {
        Invariant.Holds(_stepInFlight, "only a plan in flight is committed");
        Invariant.Holds(outcome.Steps >= 1 && outcome.Steps <= _state.Plan.RepeatableSteps,
            "a plan is repeated at most as often as it says");
        _state.KeepTime(nowNs);
        _stepInFlight = false;
        _repeats &= outcome.Exceptions.IsEmpty && !outcome.Aborted;
        _lastSteps = outcome.Steps;
        _state.StepEndsNs = long.MinValue;
        _state.Memory.Pool.ForgetChanges();
        _settlement.Settle(outcome, nowNs);
        _policy.Observe(outcome, nowNs);
    }
}
