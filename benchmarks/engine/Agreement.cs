using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics.Tensors;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.EngineFigures;

/// <summary>
/// Many staggered sequences at once against libllama run alone, greedily: the same tokens, or as likely ones
/// where floats are summed in another order, which <see cref="Rounding"/> measures without the engine. Half
/// of the prompts share a beginning, memory holds a part of them, batch work gives way to interactive work,
/// and some requests are dropped on the way.
/// </summary>
static class Agreement
{
    const int OutputTokens = 24;
    const int DroppedAfter = 3;

    public static async Task<int> PrintAsync(TextWriter output, string path, int count)
    {
        var wrong = 0;
        var prompts = Enumerable.Range(0, count).Select(Prompt).ToList();
        var tie = Rounding.Measure(output, path, prompts);
        foreach (var layout in new[] { KvLayout.Unified, KvLayout.Split })
        {
            foreach (var policy in new[]
            {
                SchedulingPolicy.VllmV1, SchedulingPolicy.Fcfs, SchedulingPolicy.InSlack,
            })
            {
                wrong += await CompareAsync(output, path, prompts, layout, policy, tie);
            }
        }
        return wrong == 0 ? 0 : 1;
    }

    static async Task<int> CompareAsync(
        TextWriter output, string path, List<int[]> prompts, KvLayout layout, SchedulingPolicy policy,
        float tie)
    {
        var count = prompts.Count;
        var answers = new List<int[]>();
        LlamaCounters counters;
        EngineTelemetry telemetry;
        await using (var engine = new LlamaEngine(Options(path, count, layout, policy), TimeProvider.System))
        {
            var pending = new List<Task<int[]>>();
            for (var i = 0; i < count; i++)
            {
                pending.Add(ReadAsync(
                    engine.Submit(Request(i, prompts[i])), IsDropped(i) ? DroppedAfter : int.MaxValue));
                if (i % 4 == 3)
                    await Task.Delay(1);
            }
            answers.AddRange(await Task.WhenAll(pending));
            (counters, telemetry) = (engine.Counters, engine.Telemetry);
        }
        var (same, tied, other, worst) = Judge(path, prompts, answers, tie);
        output.WriteLine(
            $"{layout.ToString().ToLowerInvariant(),-8}{policy.Name,-9}{count} sequences: {same} identical, "
            + $"{tied} with a tie within {tie:0.000}, {other} different (by {worst:0.000} at most); "
            + $"{telemetry.PrefixHitTokens} prompt tokens shared, {telemetry.Preemptions} put out, "
            + $"{counters.SwappedBytes} bytes swapped, {counters.AbortedSteps} steps cut short");
        return other;
    }

    static bool IsDropped(int i) => i % 16 == 5;

    /// <summary>An answer that is cut short, or of which a logit is no number, is different.</summary>
    static (int Same, int Tied, int Other, float Worst) Judge(
        string path, List<int[]> prompts, List<int[]> answers, float tie)
    {
        using var model = LlamaModel.Load(path);
        using var context = new LlamaContext(model, new ContextOptions(1024, 1, 512, 512));
        var (same, tied, other, most) = (0, 0, 0, 0f);
        for (var i = 0; i < prompts.Count; i++)
        {
            var worst = answers[i].Length >= (IsDropped(i) ? DroppedAfter : OutputTokens)
                ? Worst(context, prompts[i], answers[i])
                : float.PositiveInfinity;
            if (worst == 0)
                same++;
            else if (worst <= tie)
                tied++;
            else
                other++;
            most = Math.Max(most, worst);
        }
        return (same, tied, other, most);
    }

    /// <summary>By how much, at most, a logit lies below libllama's own choice after the same text.</summary>
    static float Worst(LlamaContext context, int[] prompt, int[] answer)
    {
        context.ForgetAll();
        int[] tokens = [.. prompt, .. answer];
        var worst = 0f;
        for (int from = 0, known = prompt.Length; known < tokens.Length; from = known++)
        {
            context.Clear();
            var row = 0;
            for (var at = from; at < known; at++)
                row = context.Add(tokens[at], at, 0, at == known - 1);
            context.Decode();
            var logits = context.Logits(row);
            worst = Math.Max(worst, TensorPrimitives.Max(logits) - logits[tokens[known]]);
        }
        return worst;
    }

    static LlamaOptions Options(string path, int count, KvLayout layout, SchedulingPolicy policy) => new()
    {
        Model = "m",
        Path = path,
        Layout = layout,
        MicroTokens = 64,
        CalibrationBudget = TimeSpan.Zero,
        Limits = new SchedulerOptions
        {
            Policy = policy,
            Levels =
            [
                new() { Name = "interactive", TtftNs = 200_000_000, ItlNs = 100_000_000 },
                ServiceLevelSpec.Batch,
            ],
            MaxNumSeqs = Math.Min(256, count),
            MaxNumBatchedTokens = 512,
            // About two thirds of what they come to hold; a split stream has 256 cells at least.
            NumBlocks = layout == KvLayout.Split ? Math.Min(256, count) * 16 : count * 3,
            PrefixBlockTokens = 16,
        },
    };

    static EngineRequest Request(int i, int[] prompt) => new()
    {
        Prompt = prompt,
        MaxOutputTokens = OutputTokens,
        IgnoreEos = true,
        Sampling = new SamplingOptions { Temperature = 0 },
        Tenant = $"t{i % 3}",
        Level = i % 3 == 0 ? "interactive" : "batch",
        Class = i % 3 == 0 ? ServiceClass.Interactive : ServiceClass.Batch,
    };

    static int[] Prompt(int i)
    {
        var random = new Random(i);
        var shared = i % 2 == 0 ? Enumerable.Range(0, 32).Select(at => (at * 7) % 250) : [];
        return [.. shared, .. Enumerable.Range(0, random.Next(4, 40)).Select(_ => random.Next(250))];
    }

    static async Task<int[]> ReadAsync(Answer answer, int cancelAt)
    {
        var tokens = new List<int>();
        await foreach (var token in answer.Tokens.ReadAllAsync())
        {
            if (token.Token >= 0)
                tokens.Add(token.Token);
            if (tokens.Count == cancelAt)
                answer.Cancel();
        }
        return [.. tokens];
    }
}
