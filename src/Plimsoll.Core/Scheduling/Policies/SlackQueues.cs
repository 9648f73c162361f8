using System;

namespace Plimsoll.Core.Scheduling.Policies;

/// <summary>
/// Prompts that are not computed yet, waiting or begun. Interactive ones go by the time their token is due;
/// batch ones by fair shares: each tenant's by its weight, each level's by its own (start-time fair queueing
/// over tokens: a prompt's are charged when it comes, its answer's when it ends).
/// </summary>
sealed class SlackQueues
{
    /// <summary>Tokens that one unit of weight is charged per token, to keep the clock in integers.</summary>
    const int Unit = 1 << 10;

    readonly SchedulerState _state;
    long[] _tenantClock = new long[16];
    long _fairClock;

    public SlackQueues(SchedulerState state)
    {
        _state = state;
        Interactive = new SlotHeap(state.Requests);
        Batch = new BatchQueue(state);
    }

    public SlotHeap Interactive { get; }

    public BatchQueue Batch { get; }

    /// <summary>Requests among them that are not admitted.</summary>
    public int Waiting { get; private set; }

    public bool IsBatch(int request) => _state.Requests[request].IsBatch;

    /// <summary>
    /// A new request. Batch: its turn is its tenant's clock, which it moves on by its tokens.
    /// </summary>
    public void Add(int request)
    {
        ref var state = ref _state.Requests[request];
        Waiting++;
        if (!IsBatch(request))
        {
            state.QueueKey = state.FirstTokenDueNs;
            Interactive.Add(request);
            return;
        }
        ref var clock = ref ClockOf(state.Level, state.Tenant);
        state.QueueKey = Math.Max(_fairClock, clock);
        clock = state.QueueKey + Math.Max(1, Charge(state, state.PromptTokens));
        Batch.Add(request);
    }

    /// <summary>A request has given its answer: those of its tenant who come next wait for it.</summary>
    public void Answered(int request, int tokens)
    {
        if (!IsBatch(request))
            return;
        ref var state = ref _state.Requests[request];
        ClockOf(state.Level, state.Tenant) += Charge(state, tokens);
    }

    long Charge(in RequestState request, int tokens) => (long)tokens * Unit
        / (Math.Max(1L, _state.Options.Levels[request.Level].Weight) * Math.Max(1L, request.TenantWeight));

    /// <summary>A request that lost its memory goes back to where it was.</summary>
    public void Return(int request)
    {
        Waiting++;
        PutBack(request);
    }

    /// <summary>A prompt that was taken to be placed and is not computed yet.</summary>
    public void PutBack(int request)
    {
        if (IsBatch(request))
            Batch.Add(request);
        else
            Interactive.Add(request);
    }

    /// <summary>A waiting request is admitted, or withdrawn.</summary>
    public void NoLongerWaits() => Waiting--;

    public void Remove(int request)
    {
        if (IsBatch(request))
            Batch.Remove(request);
        else
            Interactive.Remove(request);
    }

    /// <summary>
    /// A waiting prompt is admitted. Fairness among batch work is measured from its turn on; it keeps its
    /// turn until it is computed.
    /// </summary>
    public void TakeTurn(int request)
    {
        Waiting--;
        if (!IsBatch(request))
            return;
        ref var state = ref _state.Requests[request];
        _fairClock = Math.Max(_fairClock, state.QueueKey);
        state.QueueKey = long.MinValue;
    }

    /// <summary>
    /// The interactive prompt that is due first of those that have begun; negative when none has.
    /// </summary>
    public int FirstBegun(int adapter)
    {
        var first = -1;
        foreach (var request in _state.Running.Prefilling)
        {
            ref var state = ref _state.Requests[request];
            if (state.HeapIndex >= 0 && !IsBatch(request) && (adapter < 0 || state.Adapter == adapter)
                && (first < 0 || state.QueueKey < _state.Requests[first].QueueKey))
            {
                first = request;
            }
        }
        return first;
    }

    ref long ClockOf(int level, int tenant)
    {
        var index = (tenant * _state.Options.Levels.Count) + level;
        if (index >= _tenantClock.Length)
            Array.Resize(ref _tenantClock, Math.Max(index + 1, 2 * _tenantClock.Length));
        return ref _tenantClock[index];
    }
}
