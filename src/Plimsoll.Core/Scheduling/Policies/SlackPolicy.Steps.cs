using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>The numbered steps of a plan.</summary>
partial class SlackPolicy
{
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

    /// <summary>
    /// What batch work may add to the wait of somebody who arrives between tokens. With a twelfth, and half
    /// of it for the step of his own first token, the p95 of first tokens is within half as much again of
    /// what slack gives without batch work wherever the promise is kept, by <c>slack</c> of the benchmarks.
    /// </summary>
    static long NewcomersShare(SchedulerOptions options)
    {
        var least = long.MaxValue;
        foreach (var level in options.Levels)
        {
            if (level.Class != ServiceClass.Batch)
                least = Math.Min(least, level.TtftNs / 12 ?? least);
        }
        return Math.Max(1, least);
    }

    bool IsTurnOf(int adapter) => _adapter < 0 || adapter == _adapter;

    /// <summary>What the step may take beside moving KV, nanoseconds.</summary>
    long TimeNs => _budgetNs - _memory.MovedNs;

    /// <summary>What a step leaves for moving KV.</summary>
    long SpareNs(in StepShape shape) =>
        _options.SwapNsPerToken is null ? 0 : TimeNs - _predictor.BoundNs(shape);

    /// <summary>The same of a step of the interactive decodes whose turn it is.</summary>
    long SpareBesideDecodesNs()
    {
        if (_options.SwapNsPerToken is null)
            return 0;
        var shape = default(StepShape);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count > 0 && !cohort.IsBatch && IsTurnOf(cohort.Key.Adapter))
                shape.AddDecodes(cohort.Count, cohort.NextContextTokens);
        }
        return SpareNs(shape);
    }

    void PlaceInteractiveDecodes()
    {
        _memory.MakeRoomForInteractiveDecodes(_adapter, SpareBesideDecodesNs());
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || cohort.IsBatch || !IsTurnOf(cohort.Key.Adapter))
                continue;
            _state.Place(cohort);
            _tokensLeft -= cohort.Count;
        }
    }

    /// <summary>Whether every interactive prompt got all it could take.</summary>
    bool PlaceInteractivePrompts()
    {
        var others = false;
        while (_queues.Interactive.Count > 0)
        {
            var request = _queues.Interactive.Peek();
            if (!IsTurnOf(_requests[request].Adapter))
            {
                _queues.Interactive.Take();
                _aside.Add(request);
                others = true;
                continue;
            }
            if (_tokensLeft <= 0)
                return Bound(StepBound.Tokens);
            if (_requests[request].Phase == RequestPhase.Waiting && !_memory.HasSeat(request))
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
            var dueNs = _requests[request].FirstTokenDueNs - _state.NowNs;
            var stepNs = _predictor.BoundNs(_state.Plan.Shape) + _memory.MovedNs;
            _firstTokenNs = Until(dueNs, stepNs, _firstTokenNs);
            _isLate |= stepNs > dueNs;
            _givesFirst = true;
            _budgetNs = Math.Min(_budgetNs, _firstTokenNs);
        }
        return !others;
    }

    /// <summary>
    /// A step in which a prompt ends lasts no longer than its first token can wait, whatever else would fill
    /// it; who is late already shortens no step.
    /// </summary>
    /// <param name="dueNs">When the token is due, from the beginning of the step.</param>
    /// <param name="stepNs">What the step takes as it is.</param>
    /// <param name="budgetNs">What it may take.</param>
    public static long Until(long dueNs, long stepNs, long budgetNs) =>
        stepNs <= dueNs ? Math.Min(dueNs, budgetNs) : budgetNs;

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
        if (waits && !_memory.HasSeat(request))
            return Bound(StepBound.Sequences);
        var hit = waits ? _state.Memory.Find(state) : default;
        var start = waits
            ? Math.Max(hit.Nodes * _state.Options.PrefixBlockTokens, state.TransferredTokens)
            : state.ComputedTokens;
        var missing = state.KnownTokens - start;
        var most = Math.Min(_state.Limited(missing), _tokensLeft);
        var isOutside = waits && start > 0 && state.IsSwappedOut && start == state.TransferredTokens;
        var timeNs = TimeNs - (isOutside ? _memory.InNs(start) : 0);
        var tokens = _fit.Largest(_state.Plan.Shape, start, most, most == missing, timeNs);
        if (interactive && tokens == 0 && _starvedSteps >= Patience)
            tokens = Math.Min(most, _options.MinBatchChunk);
        if (tokens < (interactive ? 1 : Math.Min(most, _options.MinBatchChunk)))
            return Bound(_tokensLeft < _options.MinBatchChunk ? StepBound.Tokens : StepBound.Deadline);
        var shape = _state.Plan.Shape;
        shape.AddChunk(start, tokens, tokens == missing);
        tokens = _memory.MakeRoom(request, ref hit, start, tokens, interactive, SpareNs(shape));
        if (tokens == 0)
            return Bound(StepBound.Blocks);
        if (isOutside)
            BringIn(request, start);
        Place(request, waits, hit, start, tokens);
        all = tokens == missing;
        if (!all)
            Bound(tokens == most ? StepBound.Tokens : StepBound.Deadline);
        return true;
    }

    void BringIn(int request, int tokens)
    {
        _memory.MoveIn(tokens);
        _state.SwapIn(request);
    }

    void Place(int request, bool waits, in PrefixHit hit, int start, int tokens)
    {
        _queues.Remove(request);
        var cohort = _decodes.CohortOf(request);
        if (waits)
        {
            _queues.TakeTurn(request);
            _state.Admit(request, hit, start, tokens, cohort);
        }
        else
        {
            _state.PlaceChunk(request, tokens, cohort);
        }
        _tokensLeft -= tokens;
    }

    /// <summary>
    /// Takes what is owed to batch work off the prompts' time. False when decodes leave too little of the gap
    /// for it, and where adapters take turns.
    /// </summary>
    bool KeepsOwedTime()
    {
        var spareNs = Math.Max(0, TimeNs - _predictor.BoundNs(_state.Plan.Shape));
        if (!_options.MixesAdapters || !_share.FitsInto(spareNs, _budgetNs))
            return false;
        _budgetNs -= Math.Min(_share.UsableNs(_state.Plan.Shape), spareNs);
        return true;
    }

    /// <summary>
    /// Levels of batch work that are owed time have that: first who is owed most.
    /// </summary>
    /// <param name="withinGap">As far as there is time before tokens are due, unless it is overdue; otherwise
    /// whatever is due.</param>
    void PayShares(bool withinGap)
    {
        var wholeNs = _budgetNs;
        for (var level = _share.Most(_had); level >= 0; level = _share.Most(_had))
        {
            if (!withinGap || _share.IsOverdue(level))
            {
                var placedNs = _predictor.BoundNs(_state.Plan.Shape) + _memory.MovedNs;
                _budgetNs = Math.Max(wholeNs, placedNs + _share.OwedTo(level));
            }
            if (PlaceBatch(level))
                PlaceBatchPrompts(level);
            _had[level] = true;
        }
        _budgetNs = wholeNs;
    }

    /// <summary>What is left of the time is the other levels'.</summary>
    void FillSlack(bool isDue)
    {
        var wholeNs = _budgetNs;
        if (isDue)
            _budgetNs = Math.Min(_budgetNs, _givesFirst ? _batchStepNs / 2 : _batchStepNs);
        var all = true;
        for (var level = _decodes.OldestBatch(_had); level >= 0; level = _decodes.OldestBatch(_had))
        {
            all &= PlaceBatch(level);
            _had[level] = true;
        }
        if (all)
            PlaceBatchPrompts(level: -1);
        _budgetNs = wholeNs;
    }

    /// <summary>A level's decodes. False when some have to wait.</summary>
    bool PlaceBatch(int level)
    {
        var batch = _decodes.Batch(level);
        _decodes.ChooseActive(level, _adapter, _fitsWithDecodes, least: _state.Plan.IsEmpty ? 1 : 0);
        PlaceBatchDecodes(level, regardless: false);
        return batch.Active == batch.Count || Bound(StepBound.Deadline);
    }

    /// <param name="level">Whose; negative for everybody's, by their turns.</param>
    void PlaceBatchPrompts(int level)
    {
        while (_tokensLeft > 0 && _queues.Batch.Peek(level) is >= 0 and var request)
        {
            if (!IsTurnOf(_requests[request].Adapter))
            {
                _queues.Batch.Remove(request);
                _aside.Add(request);
                continue;
            }
            if (!PlacePrompt(request, interactive: false, out var all) || !all)
                return;
        }
    }

    /// <param name="level">Whose; negative for everybody's.</param>
    /// <param name="regardless">Whatever time there is.</param>
    void PlaceBatchDecodes(int level, bool regardless)
    {
        _memory.MakeRoomForBatchDecodes(level, _adapter);
        foreach (var cohort in _state.Cohorts.All)
        {
            if (cohort.Count == 0 || !cohort.IsBatch || cohort.Key.Parked
                || (level >= 0 && cohort.Key.Level != level) || !IsTurnOf(cohort.Key.Adapter)
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
        return decodes <= _tokensLeft && _predictor.BoundNs(shape) <= TimeNs;
    }

    /// <summary>
    /// Nothing fits the rules and somebody is here: the oldest goes on, and whoever stands in its way gives
    /// way.
    /// </summary>
    void Force()
    {
        if (_requests.Count == 0)
            return;
        PutBackAside();
        _budgetNs = long.MaxValue;
        _tokensLeft = _state.Options.MaxNumBatchedTokens;
        // The decodes of one adapter may have given way to each other, all of them; the next adapter's go.
        while (_state.Plan.IsEmpty && _decodes.FirstInteractiveAdapter() is { } adapter)
        {
            _adapter = _options.MixesAdapters ? -1 : adapter;
            PlaceInteractiveDecodes();
        }
        if (_state.Plan.IsEmpty && _decodes.OldestBatch([]) is >= 0 and var level)
        {
            _adapter = _options.MixesAdapters ? -1 : _requests[_decodes.Batch(level).Items[0]].Adapter;
            PlaceBatchDecodes(level: -1, regardless: true);
        }
        if (_state.Plan.IsEmpty && _state.Running.Prefilling.Length > 0)
        {
            var oldest = _state.Running.Prefilling[0];
            ForcePrompt(oldest, interactive: !_queues.IsBatch(oldest));
        }
        if (_state.Plan.IsEmpty && _queues.Interactive.Count > 0)
            ForcePrompt(_queues.Interactive.Peek(), interactive: true);
        if (_state.Plan.IsEmpty && _queues.Batch.Count > 0)
            ForcePrompt(_queues.Batch.Peek(), interactive: false);
    }

    /// <summary>Whether nobody who waits for a token is in the plan.</summary>
    bool IsAllBatch(StepPlan plan)
    {
        foreach (ref readonly var run in plan.Cohorts)
        {
            if (!_state.Cohorts[run.Cohort].IsBatch)
                return false;
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (!_queues.IsBatch(chunk.Request.Slot))
                return false;
        }
        return true;
    }

    void ForcePrompt(int request, bool interactive)
    {
        _adapter = _options.MixesAdapters ? -1 : _requests[request].Adapter;
        while (!PlacePrompt(request, interactive, out _) && _memory.GiveWay(request))
        {
        }
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
        if (dueNs != long.MaxValue && _decodes.BatchCount > 0)
            budget = Math.Min(budget, _batchStepNs);
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
