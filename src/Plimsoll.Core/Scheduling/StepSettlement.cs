namespace Plimsoll.Core.Scheduling;

/// <summary>Takes in what came of a plan: the rule for everybody, then what departed from it.</summary>
sealed class StepSettlement(SchedulerState state)
{
    GrowingList<int> _cancelled = new(16);

    /// <summary>A request of the step in flight is to go when the step has ended.</summary>
    public void CancelLater(int request)
    {
        if (state.Requests[request].CancelPending)
            return;
        state.Requests[request].CancelPending = true;
        _cancelled.Add(request);
    }

    public void Settle(in StepOutcome outcome, long nowNs)
    {
        var plan = state.Plan;

        // 1. Time passes for every decode; those that did not take part are set back by one. A step that was
        //    cut short as a whole moves nobody.
        if (outcome.Aborted)
        {
            state.Abort();
        }
        else
        {
            state.Advance(outcome.Steps, nowNs);
            foreach (ref readonly var skipped in plan.SkippedDecodes)
                state.SetBack(skipped.Slot);
        }

        // 2. What departed from the rule. Decodes are settled here, chunks are marked for step 3.
        foreach (ref readonly var exception in outcome.Exceptions)
            Apply(exception, outcome.Aborted);

        // 3. Chunks: new KV is shared under its keys; a prompt that ended yields a token and decodes.
        foreach (ref readonly var chunk in plan.Chunks)
            Apply(chunk, outcome.Aborted, nowNs);

        // 4. Cancellations that waited for the step to end.
        foreach (var request in _cancelled.Span)
        {
            ref var cancelled = ref state.Requests[request];
            if (cancelled.Phase != RequestPhase.Unknown && cancelled.CancelPending)
                state.Release(request);
        }
        _cancelled.Clear();
    }

    void Apply(in RequestOutcome exception, bool stepAborted)
    {
        Invariant.Holds(state.Requests.Contains(exception.Request), "an outcome names a live request");
        var slot = exception.Request.Slot;
        ref var request = ref state.Requests[slot];
        if (request.Phase == RequestPhase.Decoding)
        {
            if (exception.AcceptedDrafts > 0)
            {
                Invariant.Holds(!stepAborted && !exception.Aborted
                    && exception.AcceptedDrafts <= state.Drafts(request.Cohort),
                    "a step yields no more drafts than it had");
                state.KeepDrafts(slot, exception.AcceptedDrafts);
            }
            if (exception.Aborted && !stepAborted)
            {
                Invariant.Holds(
                    !state.IsSkipped(exception.Request), "only a scheduled decode can be aborted");
                state.TakeBack(slot);
            }
            if (exception.Finished)
                state.Release(slot);
            return;
        }
        Invariant.Holds(request.Phase == RequestPhase.Prefilling, "an outcome names a request of its plan");
        request.ChunkAborted = exception.Aborted;
        request.ChunkFinishes = exception.Finished;
        request.ChunkComputedTokens = exception.ComputedTokens;
    }

    void Apply(in PrefillChunk chunk, bool stepAborted, long nowNs)
    {
        var slot = chunk.Request.Slot;
        ref var request = ref state.Requests[slot];
        var cohort = state.Cohorts[chunk.Cohort];
        var aborted = request.ChunkAborted || stepAborted;
        var finishes = request.ChunkFinishes;
        var computed = aborted ? request.ChunkComputedTokens : chunk.Tokens;
        Invariant.Holds(!aborted || (computed >= 0 && computed < chunk.Tokens),
            "an aborted chunk computes fewer tokens than planned");
        request.ChunkAborted = false;
        request.ChunkComputedTokens = 0;
        if (chunk.EndsPrompt)
            cohort.Joining--;
        state.KeepChunk(slot, chunk.Start + computed);
        if (finishes)
            state.Release(slot);
        else if (chunk.EndsPrompt && !aborted)
            state.Join(slot, cohort, nowNs);
    }
}
