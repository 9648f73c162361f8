using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// What vLLM's V1 engine does. There is no prefill and no decode phase: every request's computed tokens chase
/// its known tokens, and a step hands out one budget of new tokens: (1) to running requests in order of
/// admission, preempting the last when KV blocks run out; (2) if nobody was preempted, to waiting requests,
/// after a look into the prefix cache.
/// <para>
/// All decodes are one cohort, so the ordinary step costs the same for 1 sequence and for 1,000; only when
/// budget or blocks do not suffice are they visited one by one.
/// </para>
/// </summary>
sealed class VllmV1Policy : IStepPolicy
{
    const int None = RunningList.None;

    readonly SchedulerState _state;
    readonly RequestTable _requests;
    readonly SchedulerOptions _options;
    readonly DecodeCohort _decodes;
    readonly WaitingQueue _waiting;
    readonly bool _byPriority;
    int _blockedRequest = None;
    long _blockedEpoch = -1;
    int _blockedBudget;

    public VllmV1Policy(SchedulerState state)
    {
        _state = state;
        _requests = state.Requests;
        _options = state.Options;
        _decodes = state.Cohorts[0];
        _waiting = new WaitingQueue(state.Requests, state.Options.Policy.Order);
        _byPriority = state.Options.Policy.Order == AdmissionOrder.Priority;
    }

    public int Waiting => _waiting.Count;

    public Admission Judge(in RequestSpec request, long nowNs, out int level, out long retryAfterNs)
    {
        level = request.Level;
        retryAfterNs = 0;
        return Admission.Accepted;
    }

    public void Enqueue(int request) => _waiting.Add(request);

    public void Withdraw(int request)
    {
        _waiting.Remove(request);
        _blockedRequest = None;
    }

    public void Plan(long nowNs)
    {
        var plan = _state.Plan;
        int preempted;
        do
        {
            _state.BeginPlan();
            preempted = plan.Preempted.Length;

            // 1. Running requests, in order of admission.
            var budget = _options.MaxNumBatchedTokens;
            budget =
                !_options.AlwaysInOrder && EverybodyFits(budget) ? PlanTogether(budget) : PlanInOrder(budget);

            // 2. Waiting requests, unless memory is so short that somebody was just put out.
            if (plan.Preempted.Length == preempted)
                Admit(budget);

            // A request of least priority may put itself out before anybody is scheduled: look again.
        }
        while (plan.IsEmpty && plan.Preempted.Length > preempted);
        var repeats = plan.Chunks.Length == 0 && plan.Shape.Decodes > 0
            && plan.SkippedDecodes.Length == 0 && plan.Preempted.Length == 0;
        if (repeats)
            plan.RepeatableSteps = 1 + _decodes.LaterStepsWithin(_state.FreeBlocks);
    }

    /// <summary>
    /// Whether the order of the running list cannot matter: blocks suffice for all, and so does the budget,
    /// or at least for all decodes while every unfinished prompt comes after them.
    /// </summary>
    bool EverybodyFits(int budget)
    {
        if (_decodes.Count > budget)
            return false;
        var blocks = _decodes.Count > 0 ? _decodes.BlocksForNextStep() : 0;
        var left = budget - _decodes.Count;
        foreach (var request in _state.Running.Prefilling)
        {
            ref var state = ref _requests[request];
            var wanted = _state.Limited(state.KnownTokens - state.ComputedTokens);
            var tokens = Math.Min(wanted, left);
            if (tokens < wanted && state.Admission < _decodes.LatestAdmission)
                return false;
            blocks += _state.BlocksForChunk(state, tokens);
            left -= tokens;
        }
        return blocks <= _state.FreeBlocks;
    }

    int PlanTogether(int budget)
    {
        if (_decodes.Count > 0)
            _state.Place(_decodes);
        budget -= _decodes.Count;
        foreach (var request in _state.Running.Prefilling)
        {
            if (budget == 0)
                break;
            budget -= PlanChunk(request, budget);
        }
        return budget;
    }

    int PlanInOrder(int budget)
    {
        var request = _state.Running.First;
        while (request != None && budget > 0)
        {
            ref var state = ref _requests[request];
            var next = state.Next;
            var decoding = state.Phase == RequestPhase.Decoding;
            var tokens =
                decoding ? 1 : Math.Min(_state.Limited(state.KnownTokens - state.ComputedTokens), budget);
            var blocks = decoding ? _state.BlocksForDecode(state) : _state.BlocksForChunk(state, tokens);
            var preempted = None;
            while (blocks > _state.FreeBlocks && preempted != request)
            {
                preempted = PickVictim();
                if (preempted == next)
                    next = _requests[next].Next;
                budget += Preempt(preempted);
            }
            if (preempted == request)
            {
                request = next;
                break;
            }
            if (decoding)
            {
                _state.PlaceDecode(request);
                budget--;
            }
            else
            {
                budget -= PlanChunk(request, tokens);
            }
            request = next;
        }
        SkipFrom(request);
        return budget;
    }

    /// <summary>The decodes that were not reached.</summary>
    void SkipFrom(int request)
    {
        for (; request != None; request = _requests[request].Next)
        {
            if (_requests[request].Phase == RequestPhase.Decoding)
                _state.Plan.AddSkipped(request);
        }
        if (_decodes.Count > 0)
            _state.PlaceSome(_decodes, _state.Plan.Shape.Decodes);
    }

    int PlanChunk(int request, int budget)
    {
        ref var state = ref _requests[request];
        var tokens = Math.Min(_state.Limited(state.KnownTokens - state.ComputedTokens), budget);
        _state.PlaceChunk(request, tokens, _decodes);
        return tokens;
    }

    void Admit(int budget)
    {
        if (_options.Policy.StaticBatches && _state.Running.Count > 0)
            return;
        while (_waiting.Count > 0 && budget > 0 && _state.Running.Count < _options.MaxNumSeqs)
        {
            var request = _waiting.Peek();
            // Nothing was freed since it did not fit, and its chunk is no smaller.
            if (request == _blockedRequest && _state.Memory.Pool.Epoch == _blockedEpoch
                && budget >= _blockedBudget)
            {
                return;
            }
            ref var state = ref _requests[request];
            var hit = _state.Memory.Find(state);
            var start = Math.Max(_state.Memory.TokensOf(hit), state.TransferredTokens);
            var tokens = _state.Limited(state.KnownTokens - start);
            // Without chunking a prompt waits for a step it fits into; one that a preemption has made longer
            // than any step is chunked all the same, or it would wait for ever.
            if (!_options.EnableChunkedPrefill && tokens > budget && budget < _options.MaxNumBatchedTokens)
                return;
            tokens = Math.Min(tokens, budget);
            var whole = _options.ReservesFullPrompts ? state.KnownTokens : start + tokens;
            if (_state.Memory.MissingBlocks(hit, whole) > _state.Memory.FreeBlocksBeside(hit))
            {
                _blockedRequest = request;
                _blockedEpoch = _state.Memory.Pool.Epoch;
                _blockedBudget = budget;
                return;
            }
            _waiting.Take();
            _state.Admit(request, hit, start, tokens, _decodes);
            budget -= tokens;
        }
    }

    int Preempt(int request)
    {
        var tokens = _state.Preempt(request, _options.FindsPreempted);
        _waiting.Return(request);
        _blockedRequest = None;
        return tokens;
    }

    /// <summary>The request that gives way: the last admitted, or the one of least priority.</summary>
    int PickVictim()
    {
        if (!_byPriority)
            return _state.Running.Last;
        var victim = _state.Running.First;
        for (var request = victim; request != None; request = _requests[request].Next)
        {
            ref var worst = ref _requests[victim];
            ref var state = ref _requests[request];
            if (state.Priority > worst.Priority
                || (state.Priority == worst.Priority && state.Sequence > worst.Sequence))
            {
                victim = request;
            }
        }
        return victim;
    }
}
