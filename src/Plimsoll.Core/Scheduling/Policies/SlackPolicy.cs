using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Interactive first, batch in the slack. A step may last until the earliest token is due; what interactive
/// work leaves of that time is filled with batch work, sized by predicted time and not by a token budget.
/// <code>
///   1 admit (<see cref="SlackAdmission"/>)      5 interactive prompts, by the time they are due
///   2 the time there is                         6 batch decodes, oldest first, then batch prompts
///   3 adapters take turns                       7 drafts, as many as pay
///   4 interactive decodes                       9 the share that is promised to batch work
///   8 when memory is short, batch gives way     10 what, how long, why
/// </code>
/// </summary>
sealed partial class SlackPolicy : IStepPolicy
{
    /// <summary>Steps in a row that a prompt may wait for time before it gets some regardless.</summary>
    const int Patience = 4;

    /// <summary>Gaps that decodes which may catch up wait for a prompt.</summary>
    public const int HurriedGaps = 4;

    readonly SchedulerState _state;
    readonly RequestTable _requests;
    readonly SlackOptions _options;
    readonly StepPredictor _predictor;
    readonly SlackQueues _queues;
    readonly SlackDecodes _decodes;
    readonly SlackMemory _memory;
    readonly SlackAdmission _admission;
    readonly BatchShare _share;
    readonly bool[] _had;
    readonly AdapterTurns _turns;
    readonly ChunkFit _fit;
    readonly long _idleStepNs;
    readonly long _batchStepNs;
    readonly Func<int, long, bool> _fitsWithDecodes;
    GrowingList<int> _aside = new(8);
    int _starvedSteps;
    int _tokensLeft;
    long _budgetNs;
    long _firstTokenNs;
    bool _isLate;
    bool _givesFirst;
    int _adapter;

    public SlackPolicy(SchedulerState state, StepPredictor predictor)
    {
        _state = state;
        _requests = state.Requests;
        _options = state.Options.Policy.Slack!;
        _predictor = predictor;
        _acceptance = _options.Drafts is { } drafts ? new DraftAcceptance(drafts) : null;
        _idleStepNs = _options.IdleStepNs ?? NewcomersPatience(state.Options);
        _batchStepNs = _options.BatchStepNs ?? NewcomersShare(state.Options);
        _queues = new SlackQueues(state);
        _decodes = new SlackDecodes(state);
        _memory = new SlackMemory(state, _queues, _decodes, predictor);
        _share = new BatchShare(state, predictor, _queues, _decodes, _idleStepNs);
        _had = new bool[state.Options.Levels.Count];
        _admission = new SlackAdmission(state, predictor, _queues, _decodes, _share, _idleStepNs);
        _fit = new ChunkFit(predictor);
        _turns = new AdapterTurns(state, _queues, _decodes, predictor);
        _fitsWithDecodes = FitsWithDecodes;
    }

    public int Waiting => _queues.Waiting;

    public Admission Judge(in RequestSpec request, long nowNs, out int level, out long retryAfterNs) =>
        _admission.Judge(request, nowNs, out level, out retryAfterNs);

    public void Enqueue(int request) => _queues.Add(request);

    public void Withdraw(int request)
    {
        _queues.Remove(request);
        _queues.NoLongerWaits();
    }

    public void Released(int request)
    {
        ref var state = ref _requests[request];
        if (state.Phase == RequestPhase.Decoding)
        {
            _decodes.Remove(request);
            var answer = _state.LengthOfDecode(state) + 1 - state.PromptTokens;
            _admission.Learn(state.Level, answer);
            _queues.Answered(request, answer);
        }
        else if (state.HeapIndex >= 0)
        {
            _queues.Remove(request);
        }
    }

    public bool ShouldAbort(long nowNs, long endsNs) => _options.CanAbort && _queues.Interactive.Count > 0
        && _admission.WouldBeLate(_queues.Interactive.Peek(), nowNs, endsNs);

    public void Plan(long nowNs)
    {
        var plan = _state.Plan;
        _state.BeginPlan();
        _tokensLeft = _state.Options.MaxNumBatchedTokens;

        _share.Begin();
        var owed = _share.IsAnyOwed;
        _memory.BeginStep(_share.IsOwed);

        // 3. Whose adapter, where a step carries one only.
        _adapter = _options.MixesAdapters ? -1 : _turns.Next(_share.Most([]), nowNs);
        _starvedSteps = _turns.HasWaited ? Patience : _starvedSteps;

        // 2. The time there is, and 4. the decodes that it is measured by.
        var due = _options.MixesAdapters ? _decodes.EarliestDueNs() : _turns.EarliestDueNs(_adapter);
        _budgetNs = due == long.MaxValue ? _idleStepNs : Math.Max(0, due - nowNs);
        PlaceInteractiveDecodes();

        // 5. Interactive prompts. Decodes that may catch up wait for them; batch work waits until they have.
        var paceNs = _budgetNs;
        if (_queues.Interactive.Count > 0 && due != long.MaxValue && _decodes.MayCatchUp())
            _budgetNs = Math.Max(_budgetNs, HurriedGaps * _decodes.ShortestGapNs());
        (_firstTokenNs, _isLate, _givesFirst) = (long.MaxValue, false, false);
        var kept = owed ? _share.KeptTokens(_tokensLeft) : 0;
        _tokensLeft -= kept;
        var paysWithinGap = owed && due != long.MaxValue && KeepsOwedTime();
        var allPlaced = PlaceInteractivePrompts();
        _tokensLeft += kept;
        _budgetNs = Math.Min(paceNs, _firstTokenNs);
        var abortable = plan.IsEmpty;

        // 6. and 9. Batch work, in the slack or because it is owed.
        _had.AsSpan().Clear();
        PayShares(paysWithinGap);
        if (allPlaced && !_isLate)
            FillSlack(isDue: due != long.MaxValue);
        if (plan.IsEmpty)
        {
            Force();
            abortable = IsAllBatch(plan);
        }

        // 7. Drafts.
        if (_options.Drafts is not null)
            Speculate(due == long.MaxValue ? _firstTokenNs : TimeNs);

        // 10. What, how long, why.
        PutBackAside();
        _share.Planned(plan);
        var predictedNs = _predictor.PredictNs(plan.Shape);
        plan.MovedNs = _memory.MovedNs;
        plan.PredictedNs = predictedNs + DraftingNs(plan.Shape) + plan.MovedNs;
        plan.BudgetNs = due == long.MaxValue ? null : _budgetNs;
        plan.IsAbortable = abortable && _options.CanAbort;
        plan.Why = owed ? StepBound.Share : plan.Why;
        _state.MixCohorts();
        _memory.EndPlan();
        plan.RepeatableSteps = Repeats(due);
    }

    public void Observe(in StepOutcome outcome, long nowNs)
    {
        _memory.EndSteps(outcome.Steps);
        foreach (ref readonly var chunk in _state.Plan.Chunks)
        {
            if (!_requests.Contains(chunk.Request))
                continue;
            var slot = chunk.Request.Slot;
            if (_requests[slot].Phase == RequestPhase.Decoding)
                _decodes.Join(slot, nowNs);
            else if (_requests[slot].Phase == RequestPhase.Prefilling)
                _queues.PutBack(slot);
        }
        foreach (ref readonly var exception in outcome.Exceptions)
        {
            if (exception.AcceptedDrafts > 0 && _requests.Contains(exception.Request))
                _decodes.Accepted(exception.Request.Slot, exception.AcceptedDrafts);
        }
        if (outcome.DurationNs <= 0)
            return;
        _share.Passed(outcome.DurationNs);
        if (!outcome.Aborted)
            Learn(outcome, _state.Plan.Shape);
    }
}
