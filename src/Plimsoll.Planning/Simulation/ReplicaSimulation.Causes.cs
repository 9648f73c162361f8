using System;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Simulation;

/// <summary>Whose the computing time is: each level's, and batch work's, share of every step.</summary>
sealed partial class ReplicaSimulation
{
    readonly StepCause[] _causes;

    /// <summary>What one account has in a step.</summary>
    struct StepCause
    {
        public int Decodes;
        public int Prompts;
        public long Context;
        public long Tokens;
        public long NewPairs;
        public long PastPairs;
    }

    /// <summary>Computing time by level, batch work last, when the options ask for it.</summary>
    public long[] ComputingNs { get; }

    public long BatchComputingNs => ComputingNs[^1];

    /// <summary>
    /// Steps of one shape by what caused their time; <paramref name="after"/> is how many of the plan's
    /// repetitions came before them, <paramref name="stepNs"/> how long each took.
    /// </summary>
    void Attribute(StepPlan plan, in StepShape shape, int steps, int after, long stepNs)
    {
        var chunks = shape.PrefillChunks > 0 ? plan.Chunks : [];
        TimeByCause += StepCauses.Of(_stepTime, shape, chunks) * steps;
        if (_options.BatchWorkload is null && _batchAccount == 1)
            return;
        Array.Clear(_causes);
        foreach (ref readonly var run in plan.Cohorts)
            AddDecodes(_cohorts[run.Cohort], after);
        foreach (ref readonly var chunk in chunks)
            AddPrompt(chunk);
        var split = _stepTime.Split(shape);
        StepCause all = default;
        foreach (ref readonly var cause in _causes.AsSpan())
        {
            all.NewPairs += cause.NewPairs;
            all.PastPairs += cause.PastPairs;
        }
        var leftNs = stepNs;
        for (var account = 0; account < _causes.Length; account++)
        {
            var shareNs = ShareNs(split, _causes[account], all, shape);
            ComputingNs[account] += steps * shareNs;
            leftNs -= shareNs;
        }
        AttributeMoves(plan);
        AttributeRest(leftNs - plan.MovedNs, shape, steps);
    }

    /// <summary>Moving KV is whose KV was moved.</summary>
    void AttributeMoves(StepPlan plan)
    {
        var leftNs = plan.MovedNs;
        var left = plan.SwappedOut.Length + plan.SwappedIn.Length;
        Book(plan.SwappedOut);
        Book(plan.SwappedIn);

        void Book(ReadOnlySpan<RequestId> moved)
        {
            foreach (var request in moved)
            {
                var ns = leftNs / left--;
                ComputingNs[AccountOf(_requests[request.Slot])] += ns;
                leftNs -= ns;
            }
        }
    }

    /// <summary>
    /// What a step took beyond the model's step, such as drafting, verification and waiting for other ranks,
    /// is everybody's by sequences; of drafts, by those that decode.
    /// </summary>
    void AttributeRest(long leftNs, in StepShape shape, int steps)
    {
        var isDrafted = shape.DraftTokens > 0;
        var sequences = 0;
        foreach (ref readonly var cause in _causes.AsSpan())
            sequences += cause.Decodes + (isDrafted ? 0 : cause.Prompts);
        for (var account = 0; account < _causes.Length && sequences > 0; account++)
        {
            var own = _causes[account].Decodes + (isDrafted ? 0 : _causes[account].Prompts);
            var shareNs = leftNs * own / sequences;
            ComputingNs[account] += steps * shareNs;
            (leftNs, sequences) = (leftNs - shareNs, sequences - own);
        }
    }

    void AddDecodes(CohortClock clock, int after)
    {
        for (var account = 0; account < _causes.Length; account++)
        {
            var count = clock.Accounts[account].Count;
            _causes[account].Decodes += count;
            _causes[account].Context +=
                clock.Accounts[account].Tokens(clock.Steps) + ((long)count * (after + 1));
        }
    }

    void AddPrompt(in PrefillChunk chunk)
    {
        ref var cause = ref _causes[AccountOf(_requests[chunk.Request.Slot])];
        cause.Prompts++;
        cause.Tokens += chunk.Tokens;
        cause.NewPairs += (long)chunk.Tokens * (chunk.Tokens + 1) / 2;
        cause.PastPairs += (long)chunk.Tokens * chunk.Start;
    }

    /// <summary>
    /// An account's share of a step: of what the step costs whatever it carries by its sequences, of the rest
    /// by its tokens, pairs and KV.
    /// </summary>
    static long ShareNs(in StepSplit split, in StepCause own, in StepCause all, in StepShape shape)
    {
        if (own.Decodes + own.Prompts == 0)
            return 0;
        return (long)(Part(split.FixedNs, own.Decodes + own.Prompts, shape.Decodes + shape.PrefillChunks)
            + Part(split.PrefillTokensNs, own.Tokens, shape.PrefillTokens)
            + Part(split.PrefillNewContextNs, own.NewPairs, all.NewPairs)
            + Part(split.PrefillCachedContextNs, own.PastPairs, all.PastPairs)
            + Part(split.DecodeTokensNs, own.Decodes, shape.Decodes)
            + Part(split.DecodeContextNs, own.Context, shape.DecodeContextTokens));

        static double Part(long ns, double part, double all) => all > 0 ? ns * Math.Min(1, part / all) : 0;
    }
}
