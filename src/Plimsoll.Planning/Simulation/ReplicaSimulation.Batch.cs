using System;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>What batch work is handed in, and what of the computing time it caused.</summary>
sealed partial class ReplicaSimulation
{
    /// <summary>Batch tokens given and batch prompt tokens computed, so far.</summary>
    public long BatchOutputTokens { get; private set; }

    public long BatchPromptTokens { get; private set; }

    /// <summary>Batch tokens computed again after somebody else had their memory.</summary>
    public long BatchRecomputedTokens { get; private set; }

    /// <summary>Computing time that batch work caused, when the options ask for it.</summary>
    public long BatchComputingNs { get; private set; }

    public BatchFeed? Batch => _batch;

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

    void CountBatchChunk(ref SimulatedRequest line, in PrefillChunk chunk)
    {
        var end = chunk.Start + chunk.Tokens;
        BatchPromptTokens += chunk.Tokens;
        BatchRecomputedTokens += Math.Max(0, Math.Min(end, line.ComputedOnce) - chunk.Start);
        line.ComputedOnce = Math.Max(line.ComputedOnce, end);
    }

    /// <summary>
    /// Steps of one shape by what caused their time; <paramref name="after"/> is how many of the plan's
    /// repetitions came before them.
    /// </summary>
    void Attribute(StepPlan plan, in StepShape shape, int steps, int after)
    {
        var chunks = shape.PrefillChunks > 0 ? plan.Chunks : [];
        TimeByCause += StepCauses.Of(_stepTime, shape, chunks) * steps;
        if (_batch is not null)
            BatchComputingNs += steps * BatchNs(plan, shape, chunks, after);
    }

    /// <summary>
    /// Batch work's share of a step: of what the step costs whatever it carries by its sequences, of the rest
    /// by its tokens, pairs and KV.
    /// </summary>
    long BatchNs(StepPlan plan, in StepShape shape, ReadOnlySpan<PrefillChunk> chunks, int after)
    {
        int decodes = 0, prompts = 0;
        long context = 0, tokens = 0, newPairs = 0, pastPairs = 0, allNew = 0, allPast = 0;
        foreach (ref readonly var run in plan.Cohorts)
        {
            var clock = _cohorts[run.Cohort];
            decodes += clock.Batch;
            context += clock.BatchContext + ((long)clock.Batch * (after + 1));
        }
        foreach (ref readonly var chunk in chunks)
        {
            var fresh = (long)chunk.Tokens * (chunk.Tokens + 1) / 2;
            var past = (long)chunk.Tokens * chunk.Start;
            allNew += fresh;
            allPast += past;
            if (!_requests[chunk.Request.Slot].IsBatch)
                continue;
            prompts++;
            tokens += chunk.Tokens;
            newPairs += fresh;
            pastPairs += past;
        }
        if (decodes + prompts == 0)
            return 0;
        var split = _stepTime.Split(shape);
        return (long)(Part(split.FixedNs, decodes + prompts, shape.Decodes + shape.PrefillChunks)
            + Part(split.PrefillTokensNs, tokens, shape.PrefillTokens)
            + Part(split.PrefillNewContextNs, newPairs, allNew)
            + Part(split.PrefillCachedContextNs, pastPairs, allPast)
            + Part(split.DecodeTokensNs, decodes, shape.Decodes)
            + Part(split.DecodeContextNs, context, shape.DecodeContextTokens));

        static double Part(long ns, double part, double all) => all > 0 ? ns * Math.Min(1, part / all) : 0;
    }
}
