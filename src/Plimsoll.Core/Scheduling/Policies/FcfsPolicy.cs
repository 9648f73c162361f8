using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// The order of llama-server: as many slots as sequences may run, each with the memory that its request may
/// come to need, so that nobody is ever put out. A step hands out one budget of new tokens: (1) one to every
/// answer; (2) the rest to prompts in order of their coming, the first until it is whole; (3) what is left to
/// those that wait, in order of arrival, while there are slots and memory. Who waits first is never passed.
/// </summary>
sealed class FcfsPolicy : IStepPolicy
{
    readonly SchedulerState _state;
    readonly SchedulerOptions _options;
    readonly DecodeCohort _decodes;
    readonly SlotRing _waiting = new();
    int _reservedBlocks;

    public FcfsPolicy(SchedulerState state)
    {
        _state = state;
        _options = state.Options;
        _decodes = state.Cohorts[0];
    }

    public int Waiting => _waiting.Count;

    public Admission Judge(in RequestSpec request, long nowNs, out int level, out long retryAfterNs)
    {
        level = request.Level;
        retryAfterNs = 0;
        return Admission.Accepted;
    }

    public void Enqueue(int request) => _waiting.Add(request);

    public void Withdraw(int request) => _waiting.Remove(request);

    public void Released(int request) => _reservedBlocks -= MostBlocks(request);

    public void Plan(long nowNs)
    {
        var plan = _state.Plan;
        _state.BeginPlan();
        var budget = _options.MaxNumBatchedTokens - _decodes.Count;
        if (_decodes.Count > 0)
            _state.Place(_decodes);
        foreach (var request in _state.Running.Prefilling)
        {
            if (budget == 0)
                break;
            ref var state = ref _state.Requests[request];
            var tokens = Math.Min(_state.Limited(state.KnownTokens - state.ComputedTokens), budget);
            _state.PlaceChunk(request, tokens, _decodes);
            budget -= tokens;
        }
        Admit(budget);
        if (plan.Chunks.Length == 0 && plan.Shape.Decodes > 0)
            plan.RepeatableSteps = 1 + _decodes.LaterStepsWithin(_state.FreeBlocks);
    }

    void Admit(int budget)
    {
        while (_waiting.Count > 0 && budget > 0 && _state.Running.Count < _options.MaxNumSeqs)
        {
            var request = _waiting.Peek();
            var blocks = MostBlocks(request);
            if (blocks > _options.NumBlocks - _reservedBlocks)
                return;
            ref var state = ref _state.Requests[request];
            var hit = _state.Memory.Find(state);
            var start = Math.Max(hit.Nodes * _options.PrefixBlockTokens, state.TransferredTokens);
            var tokens = _state.Limited(state.KnownTokens - start);
            // Without chunking a prompt waits for a step that it fits into.
            if (!_options.EnableChunkedPrefill && tokens > budget)
                return;
            tokens = Math.Min(tokens, budget);
            _waiting.Take();
            _reservedBlocks += blocks;
            _state.Admit(request, hit, start, tokens, _decodes);
            budget -= tokens;
        }
    }

    /// <summary>Blocks that the request holds when its answer is as long as it may be.</summary>
    int MostBlocks(int request)
    {
        ref var state = ref _state.Requests[request];
        return _state.Memory.BlocksFor((long)state.PromptTokens + state.MaxOutputTokens);
    }
}
