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

    readonly SchedulerState _state;
    readonly RequestTable _requests;
    readonly SlackOptions _options;
    readonly StepPredictor _predictor;
    readonly SlackQueues _queues;
    readonly SlackDecodes _decodes;
    readonly SlackMemory _memory;
    readonly SlackAdmission _admission;
    readonly BatchShare _share;
    readonly long _idleStepNs;
    readonly Func<DecodeCohort, long> _aloneNs;
    readonly Func<int, long, bool> _fitsWithDecodes;
    GrowingList<int> _aside = new(8);
    int _starvedSteps;
    int _tokensLeft;
    long _budgetNs;
    int _adapter;

    public SlackPolicy(SchedulerState state, StepPredictor predictor)
    {
        _state = state;
        _requests = state.Requests;
        _options = state.Options.Policy.Slack!;
        _predictor = predictor;
        _idleStepNs = _options.IdleStepNs ?? NewcomersPatience(state.Options);
        _queues = new SlackQueues(state);
        _decodes = new SlackDecodes(state);
        _memory = new SlackMemory(state, _queues, _decodes, predictor);
        _admission = new SlackAdmission(state, predictor, _queues, _decodes, _idleStepNs);
        _share = new BatchShare(state.Options, _idleStepNs);
        _aloneNs = DecodesAloneNs;
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
            _admission.Learn(state.Level, _state.LengthOfDecode(state) + 1 - state.PromptTokens);
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

        // 3. Whose adapter, where a step carries one only.
        _adapter = _options.MixesAdapters ? -1 : _decodes.AdapterOfTurn(_queues, nowNs);

        // 2. The time there is, and 4. the decodes that it is measured by.
        var due = _decodes.EarliestDueNs(_adapter, _options.MixesAdapters, _aloneNs);
        _budgetNs = due == long.MaxValue ? _idleStepNs : Math.Max(0, due - nowNs);
        PlaceInteractiveDecodes();

        // 5. Interactive prompts.
        var allPlaced = PlaceInteractivePrompts();
        var abortable = plan.IsEmpty;
        var interactiveNs = _predictor.PredictNs(plan.Shape);

        // 6. and 9. Batch work, in the slack or because it is owed.
        var owed = _share.IsOwed && _queues.Batch.Count + _decodes.Batch.Count > 0;
        if (owed)
            _budgetNs = Math.Max(_budgetNs, _predictor.BoundNs(plan.Shape) + _idleStepNs);
        if (allPlaced || owed)
            FillWithBatch();
        if (plan.IsEmpty)
            Force();

        // 7. Drafts.
        if (_options.Drafts is not null)
            Speculate();

        // 10. What, how long, why.
        PutBackAside();
        _share.Planned(
            interactiveNs, _predictor.PredictNs(plan.Shape), _queues.Batch.Count + _decodes.Batch.Count > 0);
        plan.PredictedNs = PredictNs(plan.Shape);
        plan.BudgetNs = due == long.MaxValue ? null : _budgetNs;
        plan.IsAbortable = abortable && _options.CanAbort;
        plan.Why = owed ? StepBound.Share : plan.Why;
        _state.MixCohorts();
        _memory.EndStep();
        plan.RepeatableSteps = Repeats(due);
    }

    public void Observe(in StepOutcome outcome, long nowNs)
    {
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
        ref readonly var shape = ref _state.Plan.Shape;
        if (!outcome.Aborted)
            _predictor.Observe(shape, (outcome.DurationNs / outcome.Steps) - DraftingNs(shape));
    }

    /// <summary>What somebody who arrives in an idle engine may have to wait for.</summary>
    static long NewcomersPatience(SchedulerOptions options)
    {
        var least = 100_000_000L;
        foreach (var level in options.Levels)
        {
            if (level.Class == ServiceClass.Batch)
                continue;
            least = Math.Min(least, Math.Min(level.ItlNs ?? least, level.TtftNs / 4 ?? least));
        }
        return Math.Max(1, least);
    }

    long DecodesAloneNs(DecodeCohort cohort)
    {
        var shape = default(StepShape);
        shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
        return _predictor.BoundNs(shape);
    }

    bool IsTurnOf(int adapter) => _adapter < 0 || adapter == _adapter;

    void PlaceInteractiveDecodes()
    {
        _memory.MakeRoomForInteractiveDecodes(_adapter);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || _decodes.IsBatch(cohort) || !IsTurnOf(cohort.Key.Adapter))
                continue;
            _state.Place(cohort);
            _tokensLeft -= cohort.Count;
        }
    }

    /// <summary>Whether every interactive prompt got all it could take.</summary>
    bool PlaceInteractivePrompts()
    {
        while (_queues.Interactive.Count > 0)
        {
            var request = _queues.Interactive.Peek();
            if (!IsTurnOf(_requests[request].Adapter))
            {
                _queues.Interactive.Take();
                _aside.Add(request);
                continue;
            }
            if (_tokensLeft <= 0)
                return Bound(StepBound.Tokens);
            if (_requests[request].Phase == RequestPhase.Waiting && !_memory.HasSeat(interactive: true))
            {
                // Whoever has a seat goes on meanwhile.
                Bound(StepBound.Sequences);
                request = _queues.FirstBegun(_adapter);
                if (request < 0)
                    return false;
            }
            if (!PlacePrompt(request, interactive: true, out var all))
            {
                _starvedSteps++;
                return false;
            }
            _starvedSteps = 0;
            if (!all)
                return false;
        }
        return true;
    }

    bool Bound(StepBound why)
    {
        _state.Plan.Why = why;
        return false;
    }

    /// <summary>
    /// As much of a prompt as there is time, budget and memory for. False when that is nothing.
    /// </summary>
    bool PlacePrompt(int request, bool interactive, out bool all)
    {
        all = false;
        ref var state = ref _requests[request];
        var waits = state.Phase == RequestPhase.Waiting;
        if (waits && !_memory.HasSeat(interactive))
            return Bound(StepBound.Sequences);
        var hit = waits ? _state.Memory.Find(state) : default;
        var start = waits
            ? Math.Max(hit.Nodes * _state.Options.PrefixBlockTokens, state.TransferredTokens)
            : state.ComputedTokens;
        var missing = state.KnownTokens - start;
        var most = Math.Min(_state.Limited(missing), _tokensLeft);
        var tokens = LargestChunk(start, most, ends: most == missing);
        if (interactive && tokens == 0 && _starvedSteps >= Patience)
            tokens = Math.Min(most, _options.MinBatchChunk);
        if (tokens < (interactive ? 1 : Math.Min(most, _options.MinBatchChunk)))
            return Bound(_tokensLeft < _options.MinBatchChunk ? StepBound.Tokens : StepBound.Deadline);
        tokens = _memory.MakeRoom(request, ref hit, start, tokens, interactive);
        if (tokens == 0)
            return Bound(StepBound.Blocks);
        Place(request, waits, hit, start, tokens);
        all = tokens == missing;
        if (!all)
            Bound(tokens == most ? StepBound.Tokens : StepBound.Deadline);
        return true;
    }

    void Place(int request, bool waits, in PrefixHit hit, int start, int tokens)
    {
        _queues.Remove(request);
        var cohort = _decodes.CohortOf(request);
        if (waits)
        {
            if (start > 0 && start == _requests[request].TransferredTokens && _requests[request].IsSwappedOut)
                _state.SwapIn(request);
            _queues.TakeTurn(request);
            _state.Admit(request, hit, start, tokens, cohort);
        }
        else
        {
            _state.PlaceChunk(request, tokens, cohort);
        }
        _tokensLeft -= tokens;
    }

    /// <summary>The largest chunk whose step ends in time, to sixteen tokens.</summary>
    int LargestChunk(int start, int most, bool ends)
    {
        if (most <= 0)
            return 0;
        if (FitsWithChunk(start, most, ends))
            return most;
        int fits = 0, breaks = most;
        while (breaks - fits > 16)
        {
            var middle = (fits + breaks) / 2;
            if (FitsWithChunk(start, middle, ends: false))
                fits = middle;
            else
                breaks = middle;
        }
        return fits;
    }

    bool FitsWithChunk(int start, int tokens, bool ends)
    {
        var shape = _state.Plan.Shape;
        shape.AddChunk(start, tokens, ends);
        return _predictor.BoundNs(shape) <= _budgetNs;
    }

    void FillWithBatch()
    {
        _decodes.ChooseActive(_adapter, _fitsWithDecodes, least: _state.Plan.IsEmpty ? 1 : 0);
        PlaceBatchDecodes(regardless: false);
        if (_decodes.Batch.Active < _decodes.Batch.Count)
        {
            Bound(StepBound.Deadline);
            return;
        }
        while (_queues.Batch.Count > 0 && _tokensLeft > 0)
        {
            var request = _queues.Batch.Peek();
            if (!IsTurnOf(_requests[request].Adapter))
            {
                _queues.Batch.Take();
                _aside.Add(request);
                continue;
            }
            if (!PlacePrompt(request, interactive: false, out var all))
                return;
            if (!all)
                return;
        }
    }

    void PlaceBatchDecodes(bool regardless)
    {
        _memory.MakeRoomForBatchDecodes(_adapter);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || !_decodes.IsBatch(cohort) || cohort.Key.Parked
                || !IsTurnOf(cohort.Key.Adapter)
                || cohort.Count > _tokensLeft || cohort.BlocksForNextStep() > _state.FreeBlocks
                || !(regardless || FitsWithDecodes(cohort.Count, cohort.NextContextTokens)))
            {
                continue;
            }
            _state.Place(cohort);
            _tokensLeft -= cohort.Count;
        }
    }

    bool FitsWithDecodes(int decodes, long contextTokens)
    {
        var shape = _state.Plan.Shape;
        shape.AddDecodes(decodes, contextTokens);
        return decodes <= _tokensLeft && _predictor.BoundNs(shape) <= _budgetNs;
    }

    void PutBackAside()
    {
        foreach (var request in _aside.Span)
            _queues.PutBack(request);
        _aside.Clear();
    }

    /// <summary>
    /// How often the plan would come out again: while no prompt waits and nobody is parked the same decodes
    /// run, as long as memory lasts and the growing step still fits the gaps that were promised.
    /// </summary>
    int Repeats(long dueNs)
    {
        var plan = _state.Plan;
        if (_predictor.Learns || _options.Drafts is not null || !_options.MixesAdapters || _share.IsPromised
            || plan.Chunks.Length > 0 || plan.Shape.Decodes == 0 || plan.Why != StepBound.Demand
            || _queues.Interactive.Count + _queues.Batch.Count > 0 || plan.Preempted.Length > 0
            || plan.Parked.Length + plan.Resumed.Length > 0
            || plan.Shape.Decodes != _decodes.Count)
        {
            return 1;
        }
        var budget = dueNs == long.MaxValue ? _idleStepNs : Math.Min(_budgetNs, _decodes.ShortestGapNs());
        var steps = _decodes.LaterStepsWithin(_state.FreeBlocks);
        var shape = plan.Shape;
        shape.DecodeContextTokens += (long)shape.Decodes * steps;
        while (steps > 0 && _predictor.BoundNs(shape) > budget)
        {
            shape.DecodeContextTokens -= (long)shape.Decodes * (steps - (steps / 2));
            steps /= 2;
        }
        return 1 + steps;
    }
}
