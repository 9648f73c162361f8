using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Placeholder;
using Plimsoll.EngineFigures;

namespace Plimsoll.Benchmarks;

/// <summary>
/// What the engine costs beside libllama: its own time a step at 256 sequences, and tokens per second against
/// a loop that does nothing but call libllama, interleaved on the same file.
/// </summary>
static class EngineFigures
{
    const int Pairs = 5;

    /// <summary>Writes a model of random weights to compare engines with.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="shape"><c>tiny</c>, <c>15m</c>, <c>110m</c> or <c>8b</c>, Llama-3.1-8B's sizes.</param>
    public static void WriteModel(string path, string shape) => PlaceholderModel.Make(shape switch
    {
        "8b" => new(
            Embedding: 4096, Layers: 32, Heads: 32, KeyHeads: 8, FeedForward: 14_336, Context: 8192,
            HeadWidth: 128, Vocabulary: 128_256),
        "110m" => new(Embedding: 768, Layers: 12, Heads: 12, KeyHeads: 12, FeedForward: 2048, HeadWidth: 64),
        "15m" => new(Embedding: 288, Layers: 6, Heads: 6, KeyHeads: 6, FeedForward: 768, HeadWidth: 48),
        _ => new(),
    }).Save(path);

    public static async Task Print(TextWriter output, string path, Computing computing)
    {
        output.WriteLine(
            $"model {path}, {new FileInfo(path).Length / 1e6:0.0} MB, one thread{computing}, medians of "
                + $"{Pairs} interleaved pairs");
        await PrintOwnCost(output, computing.On(Options(path, 256, 256 * 48)));
        await PrintAgainstBare(output, computing.On(Options(path, 32, 32 * 128)));
    }

    /// <summary>
    /// Medians over the steps, so that a step in which the machine was taken away does not count. Readers of
    /// the answers take their tokens on other threads.
    /// </summary>
    static async Task PrintOwnCost(TextWriter output, LlamaOptions options)
    {
        await using var engine = new LlamaEngine(options, TimeProvider.System);
        var (own, drawing, bytes) = (new List<double>(), new List<double>(), new List<double>());
        var (lastBytes, last) = (0L, default(LlamaCounters));
        engine.OnStep = (in EngineStep step) =>
        {
            var (allocated, counters) = (GC.GetAllocatedBytesForCurrentThread(), engine.Counters);
            if (step.Shape is { Decodes: 256, PrefillTokens: 0 } && lastBytes > 0)
            {
                var drawNs = counters.DrawNs - last.DrawNs;
                own.Add((step.DurationNs - (counters.ComputeNs - last.ComputeNs) - drawNs) / 1e3);
                drawing.Add(drawNs / 1e3);
                bytes.Add(allocated - lastBytes);
            }
            (lastBytes, last) = (GC.GetAllocatedBytesForCurrentThread(), counters);
        };
        for (var run = 0; run < 2; run++)
        {
            own.Clear();
            drawing.Clear();
            bytes.Clear();
            await Task.WhenAll(
                Enumerable.Range(0, 256).Select(i => Drain(engine.Submit(Request(i, 8, 24)))));
        }
        output.WriteLine(
            $"own cost of a step of 256 decodes: median {Median(own):0} µs, {Median(bytes):0} bytes, over "
            + $"{own.Count} steps; beside it, drawing greedily from {engine.Model.Tokenizer.Size} logits "
            + $"{Median(drawing):0} µs");
    }

    static async Task PrintAgainstBare(TextWriter output, LlamaOptions options)
    {
        var (ours, bare) = (new List<double>(), new List<double>());
        await using var engine = new LlamaEngine(options, TimeProvider.System);
        for (var pair = 0; pair <= Pairs; pair++)
        {
            var clock = Stopwatch.StartNew();
            var answers = Enumerable.Range(0, 32).Select(i => engine.Submit(Request(100 * pair + i, 16, 64)))
                .ToList();
            await Task.WhenAll(answers.Select(Drain));
            var our = 32 * 64 / clock.Elapsed.TotalSeconds;
            var theirs = Bare(engine.Model, 32, 16, 64);
            if (pair == 0)
                continue;
            ours.Add(our);
            bare.Add(theirs);
        }
        var ratios = ours.Zip(bare, (a, b) => a / b).Order().ToList();
        output.WriteLine(
            $"32 streams, decode and prompts: {Median(ours):0} tokens/s, bare libllama loop "
                + $"{Median(bare):0}, "
            + $"ratio {Median(ratios):0.000} ({ratios[0]:0.000} to {ratios[^1]:0.000})");
    }

    /// <summary>
    /// Tokens per second of libllama alone: the same prompts and lengths, greedy, one batch a step.
    /// </summary>
    static double Bare(LlamaModel model, int sequences, int prompt, int output)
    {
        using var context = new LlamaContext(model, new ContextOptions(32 * 128, 256, 512, 128));
        var next = new int[sequences];
        var clock = Stopwatch.StartNew();
        for (var at = 0; at < prompt + output - 1; at++)
        {
            context.Clear();
            for (var sequence = 0; sequence < sequences; sequence++)
            {
                if (at > 0)
                {
                    context.Add(next[sequence], prompt + at - 1, sequence, logits: true);
                }
                else
                {
                    for (var i = 0; i < prompt; i++)
                        context.Add((sequence + i) % 300, i, sequence, i == prompt - 1);
                }
            }
            if (at == output)
                break;
            context.Decode();
            for (var sequence = 0; sequence < sequences; sequence++)
            {
                var row = at == 0 ? ((sequence + 1) * prompt) - 1 : sequence;
                next[sequence] = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(context.Logits(row));
            }
        }
        return sequences * output / clock.Elapsed.TotalSeconds;
    }

    static LlamaOptions Options(string path, int sequences, int cells) => new()
    {
        Model = "m",
        Path = path,
        Limits = new SchedulerOptions
        {
            MaxNumSeqs = sequences,
            MaxNumBatchedTokens = 512,
            NumBlocks = cells / 16,
        },
        CalibrationBudget = TimeSpan.Zero,
    };

    static EngineRequest Request(int seed, int prompt, int output) => new()
    {
        Prompt = Enumerable.Range(0, prompt).Select(i => (seed + i) % 300).ToArray(),
        MaxOutputTokens = output,
        IgnoreEos = true,
        Sampling = new SamplingOptions { Temperature = 0 },
        Tenant = "t",
    };

    static async Task Drain(Answer answer)
    {
        await foreach (var _ in answer.Tokens.ReadAllAsync())
        {
        }
    }

    static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }
}
