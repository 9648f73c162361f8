using System;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>What a line of batch work takes of an engine.</summary>
/// <param name="PromptTokens">That are computed: what the prefix cache gives takes nothing.</param>
/// <param name="AnswerTokens">That are given.</param>
public readonly record struct BoundedLine(double PromptTokens, double AnswerTokens)
{
    public static BoundedLine Mean(Workload batch) => new(batch.MeanPromptTokens, batch.MeanOutputTokens);

    /// <summary>
    /// The mean line of a run: of a few hundred, it is some percent longer or shorter than the workload's.
    /// </summary>
    public static BoundedLine Of(BatchResult run, Workload batch) => run.Lines == 0
        ? Mean(batch)
        : new BoundedLine(
            Math.Max(1, (double)(run.PromptTokens - run.RecomputedTokens) / run.Lines),
            Math.Max(1, (double)run.OutputTokens / run.Lines));
}
