using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>What batch work is handed in, and what it was given.</summary>
sealed partial class ReplicaSimulation
{
    /// <summary>Tokens of answers so far by who pays for them, batch work last.</summary>
    public long[] OutputTokens { get; }

    /// <summary>
    /// Prompt tokens that became ready so far, the cached ones too and none twice, by who pays for them.
    /// </summary>
    public long[] PromptTokens { get; }

    /// <summary>Batch tokens given and batch prompt tokens computed, so far.</summary>
    public long BatchOutputTokens => OutputTokens[^1];

    public long BatchPromptTokens { get; private set; }

    /// <summary>Batch tokens computed again after somebody else had their memory.</summary>
    public long BatchRecomputedTokens { get; private set; }

    /// <summary>Requests so far whose KV went to host memory.</summary>
    public long MovedOut { get; private set; }

    public BatchFeed? Batch => _batch;

    /// <summary>
    /// Requests not admitted yet; batch work waits by the gate's leave and is none of them.
    /// </summary>
    public int Waiting =>
        _batch is null ? _scheduler.Waiting : Math.Min(_scheduler.Waiting, _interactivePrompts);

    /// <summary>Batch lines; those that the gate holds back wait too.</summary>
    public LineCounts Lines(long nowNs)
    {
        if (_batch is null)
            return default;
        var unanswered = _batch.Unanswered(nowNs);
        return new LineCounts(
            unanswered, unanswered - _batch.Outstanding + Math.Max(0, _scheduler.Waiting - Waiting));
    }

    /// <summary>Only batch work is left, and nobody counts it any more.</summary>
    bool IsDone => _batch is { IsClosed: true } && _interactive == 0;

    void FeedBatch()
    {
        if (_batch is null)
            return;
        var use = (double)_scheduler.UsedBlocks / _blocks;
        _batch.Observe(_nowNs, _interactivePrompts, use);
        while (_batch.TryTake(_nowNs, out var line, out var spec))
            Hand(line, spec, _nowNs);
    }

    /// <summary>With nothing to do, time passes until a line comes. False when none does in time.</summary>
    bool Await(long untilNs)
    {
        var nextNs = _batch?.NextNs ?? long.MaxValue;
        if (nextNs == long.MaxValue || nextNs > untilNs || nextNs <= _nowNs)
            return false;
        _nowNs = nextNs;
        return true;
    }

    void CountChunk(ref SimulatedRequest request, in PrefillChunk chunk)
    {
        var end = chunk.Start + chunk.Tokens;
        PromptTokens[AccountOf(request)] +=
            Math.Max(0, Math.Min(end, request.PromptTokens) - request.ComputedOnce);
        if (request.IsBatch)
        {
            BatchPromptTokens += chunk.Tokens;
            BatchRecomputedTokens += Math.Max(0, Math.Min(end, request.ComputedOnce) - chunk.Start);
        }
        request.ComputedOnce = Math.Max(request.ComputedOnce, end);
    }
}
