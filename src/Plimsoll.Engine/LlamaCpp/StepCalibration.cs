using System;
using System.Collections.Generic;
using System.Diagnostics;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>
/// Times steps of this machine and model before anybody is served: decodes of 1, 2, 4 … sequences at a short
/// and a longer context, and prompt chunks of 16, 32, 64 … tokens, the whole in a few seconds.
/// </summary>
static class StepCalibration
{
    const int Passes = 3;

    /// <summary>Tokens whose KV is moved to time it.</summary>
    const int SwapTokens = 128;

    /// <summary>Leaves the context empty.</summary>
    /// <param name="context">A context that nobody uses yet.</param>
    /// <param name="sequences">Most sequences that will run at once.</param>
    /// <param name="budget">Time after which no new step is timed.</param>
    public static List<MeasuredStep> Measure(LlamaContext context, int sequences, TimeSpan budget)
    {
        var clock = Stopwatch.StartNew();
        var steps = new List<MeasuredStep>();
        var longest = Math.Min(context.Options.StepTokens, context.TokensPerSequence / 2);
        Chunk(context, Math.Min(16, longest), 0);
        context.ForgetAll();
        for (var tokens = 16; tokens <= longest && clock.Elapsed < budget; tokens *= 2)
        {
            // A second chunk after the first shows what the context costs.
            steps.Add(Chunk(context, tokens, 0));
            if (2 * tokens <= context.TokensPerSequence)
                steps.Add(Chunk(context, tokens, tokens));
            context.ForgetAll();
        }
        for (var count = 1; count <= Math.Min(sequences, context.Options.Sequences)
            && clock.Elapsed < budget; count *= 2)
        {
            foreach (var length in (ReadOnlySpan<int>)[16, 128])
            {
                if (length + Passes < context.TokensPerSequence && (length + Passes) * count < context.Cells)
                    Decodes(context, count, length, steps);
            }
        }
        context.ForgetAll();
        return steps;
    }

    /// <summary>
    /// What it takes to move a token's KV out or in, nanoseconds: half of there and back. Leaves the context
    /// empty.
    /// </summary>
    public static double SwapNsPerToken(LlamaContext context)
    {
        var tokens = Math.Min(SwapTokens, Math.Min(context.Options.StepTokens, context.TokensPerSequence));
        Chunk(context, tokens, 0);
        var passes = new long[Passes];
        for (var pass = 0; pass < Passes; pass++)
        {
            var start = Stopwatch.GetTimestamp();
            context.TryRestore(0, context.Save(0));
            passes[pass] = Stopwatch.GetElapsedTime(start).Ticks * 100;
        }
        context.ForgetAll();
        Array.Sort(passes);
        return passes[Passes / 2] / 2.0 / tokens;
    }

    /// <summary>Step times that the steps tell; they go on learning.</summary>
    public static StepTimes Fit(IReadOnlyList<MeasuredStep> steps) => StepTimes.From(StepFit.Of(steps));

    static MeasuredStep Chunk(LlamaContext context, int tokens, int start)
    {
        context.Clear();
        for (var i = 0; i < tokens; i++)
            context.Add(i % context.Model.Tokenizer.Size, start + i, 0, i == tokens - 1);
        var shape = new StepShape();
        shape.AddChunk(start, tokens, endsPrompt: true);
        return Timed(context, shape);
    }

    static void Decodes(LlamaContext context, int count, int length, List<MeasuredStep> steps)
    {
        context.ForgetAll();
        Chunk(context, Math.Min(length, context.Options.StepTokens), 0);
        var from = Math.Min(length, context.Options.StepTokens);
        for (var sequence = 1; sequence < count; sequence++)
            context.Share(0, sequence, from);
        for (var pass = 0; pass < Passes; pass++)
        {
            context.Clear();
            var shape = new StepShape();
            for (var sequence = 0; sequence < count; sequence++)
            {
                context.Add(
                    (pass + sequence) % context.Model.Tokenizer.Size, from + pass, sequence, logits: true);
            }
            shape.AddDecodes(count, count * (from + pass + 1L));
            steps.Add(Timed(context, shape));
        }
    }

    static MeasuredStep Timed(LlamaContext context, in StepShape shape)
    {
        var start = Stopwatch.GetTimestamp();
        context.Decode();
        return new MeasuredStep(shape, Stopwatch.GetElapsedTime(start).Ticks * 100);
    }
}
