using System;

namespace Plimsoll.Core.Scheduling;

public sealed partial class Scheduler
{
    /// <summary>
    /// Takes in what came of the plan. Requests that computed their last known token and were not finished
    /// decode from the next step on.
    /// </summary>
    public void Commit(in StepOutcome outcome, long nowNs)
    {
        Invariant.Holds(_stepInFlight, "only a plan in flight is committed");
        Invariant.Holds(outcome.Steps >= 1 && outcome.Steps <= _plan.RepeatableSteps,
            "a plan is repeated at most as often as it says");
        KeepTime(nowNs);
        _stepInFlight = false;

        // 1. Time passes for every decode; those that did not take part are set back by one.
        if (outcome.Steps > 1)
        {
            _pool.Allocate((int)_decodes.BlocksForLaterSteps(outcome.Steps - 1));
            PeakUsedBlocks = Math.Max(PeakUsedBlocks, UsedBlocks);
        }
        _decodes.Advance(outcome.Steps);
        foreach (var skipped in _plan.SkippedDecodes)
            SetBack(ref _requests[skipped]);

        // 2. What departed from the rule. Decodes are settled here, chunks are marked for step 3.
        foreach (ref readonly var exception in outcome.Exceptions)
            Apply(exception);

        // 3. Chunks: new KV is shared under its keys; a prompt that ended yields a token and decodes.
        foreach (ref readonly var chunk in _plan.Chunks)
            Apply(chunk);

        // 4. Cancellations that waited for the step to end.
        for (var i = 0; i < _cancelledCount; i++)
        {
            if (_requests.Contains(_cancelled[i]) && _requests[_cancelled[i]].CancelPending)
                Release(_cancelled[i]);
        }
        _cancelledCount = 0;
    }

    void Apply(in RequestOutcome exception)
    {
        Invariant.Holds(_requests.Contains(exception.Request), "an outcome names a live request");
        ref var state = ref _requests[exception.Request];
        if (state.Phase == RequestPhase.Decoding)
        {
            if (exception.Aborted)
            {
                Invariant.Holds(_plan.SkippedDecodes.IndexOf(exception.Request) < 0,
                    "only a scheduled decode can be aborted");
                SetBack(ref state);
                if (DecodedLength(state) % _blockSize == 0)
                    _pool.Free(1);
            }
            if (exception.Finished)
                Release(exception.Request);
            return;
        }
        Invariant.Holds(state.Phase == RequestPhase.Prefilling, "an outcome names a request of its plan");
        state.ChunkAborted = exception.Aborted;
        state.ChunkFinishes = exception.Finished;
        state.ChunkComputedTokens = exception.ComputedTokens;
    }

    void Apply(in PrefillChunk chunk)
    {
        ref var state = ref _requests[chunk.Request];
        var aborted = state.ChunkAborted;
        var finishes = state.ChunkFinishes;
        var computed = aborted ? state.ChunkComputedTokens : chunk.Tokens;
        Invariant.Holds(!aborted || (computed >= 0 && computed < chunk.Tokens),
            "an aborted chunk computes fewer tokens than planned");
        state.ChunkAborted = false;
        state.ChunkFinishes = false;
        state.ComputedTokens = chunk.Start + computed;
        state.TransferredTokens = 0;
        SharePrefix(ref state);
        if (finishes)
        {
            Release(chunk.Request);
        }
        else if (chunk.EndsPrompt && !aborted)
        {
            RemoveFromPrefilling(chunk.Request);
            state.Phase = RequestPhase.Decoding;
            state.DecodeBase = _decodes.Clock - state.ComputedTokens;
            _decodes.Add(state.DecodeBase);
            _latestDecodeAdmission = Math.Max(_latestDecodeAdmission, state.Admission);
        }
    }

    void SetBack(ref RequestState state)
    {
        _decodes.Remove(state.DecodeBase);
        _decodes.Add(++state.DecodeBase);
    }
}
