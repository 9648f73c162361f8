using System;
using Plimsoll.Core;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>The time in which a line of batch work has to be answered.</summary>
public static class BatchWindow
{
    /// <summary>A line that has the engine to itself is not done sooner than it takes alone.</summary>
    /// <param name="windowNs">What is allowed, nanoseconds.</param>
    /// <param name="workload">The lines, of which the mean one is taken.</param>
    /// <param name="engine">One engine rank.</param>
    public static void Check(long windowNs, Workload workload, SimulatedEngine engine)
    {
        var prompt = default(StepShape);
        prompt.AddChunk(0, (int)workload.MeanPromptTokens, endsPrompt: true);
        var decode = default(StepShape);
        decode.AddDecodes(1, (long)workload.MeanPromptTokens);
        var leastNs = engine.StepTime.PredictNs(prompt)
            + (long)(workload.MeanOutputTokens * engine.StepTime.PredictNs(decode));
        if (windowNs >= leastNs)
            return;
        throw TooShort(windowNs, leastNs, workload, "with the engine to itself");
    }

    /// <summary>The refusal, which says what would fit.</summary>
    /// <param name="windowNs">What is allowed.</param>
    /// <param name="takesNs">What a line takes.</param>
    /// <param name="workload">Of the lines.</param>
    /// <param name="where">In what company.</param>
    public static BadInputException TooShort(double windowNs, double takesNs, Workload workload, string where)
    {
        var fits = Math.Ceiling(takesNs / 1e8) / 10;
        return new BadInputException(
            $"{Setting.BatchWindow} {Readable(windowNs)}",
            $"a line of {workload.Name} takes {takesNs / 1e9:0.0} s {where}", $"at least {fits:0.0}s");
    }

    static string Readable(double ns) => ns < 1e9
        ? FormattableString.Invariant($"{ns / 1e6:0.######}ms")
        : FormattableString.Invariant($"{ns / 1e9:0.###}s");
}
