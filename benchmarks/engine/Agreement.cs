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
/// of the prompts share a beginning, memory holds a fifth of them, batch work is there first and gives
/// way to the interactive work that comes while it is computed, and some requests are dropped on the way.
/// </summary>
static class Agreement
{
    const int BatchTokens = 32;
    const int InteractiveTokens = 6;
    const int DroppedAfter = 3;

    /// <summary>Interactive requests that come at once, and steps after which the next ones do: some steps
    /// between have batch work alone.</summary>
    const int Burst = 5;
    const int StepsBetween = 10;

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
        var pending = new Task<int[]>[count];
        LlamaCounters counters;
        EngineTelemetry telemetry;
        await using (var engine = new LlamaEngine(Options(path, count, layout, policy), TimeProvider.System))
        {
            var come = 0;
            foreach (var i in Enumerable.Range(0, count).OrderBy(IsInteractive))
            {
                if (IsInteractive(i) && come++ % Burst == 0)
                    await StepsAsync(engine, StepsBetween);
                pending[i] = ReadAsync(
                    engine.Submit(Request(i, prompts[i])), IsDropped(i) ? DroppedAfter : int.MaxValue);
            }
            await Task.WhenAll(pending);
            (counters, telemetry) = (engine.Counters, engine.Telemetry);
        }
        var (same, tied, other, worst) =
            Judge(path, prompts, [.. pending.Select(answer => answer.Result)], tie);
        output.WriteLine(
            $"{KvLayoutChoice.Choices.NameOf(layout),-8}{policy.Name,-9}{count} sequences: {same} identical, "
            + $"{tied} with a tie within {tie:0.000}, {other} different (by {worst:0.000} at most); "
            + $"{telemetry.PrefixHitTokens} prompt tokens shared, {telemetry.Preemptions} times put out, of "
            + $"which {counters.Swaps} swapped, {counters.Pauses} tokens paused in place, "
            + $"{counters.AbortedSteps} steps cut short");
        return other;
    }

    /// <summary>By the engine's steps and not by the clock: the load is the same on any machine.</summary>
    static async Task StepsAsync(LlamaEngine engine, int steps)
    {
        var until = engine.Telemetry.Steps + steps;
        while (engine.Telemetry is var now && now.Steps < until && now.Running + now.Waiting > 0)
            await Task.Delay(1);
    }

    static int OutputTokens(int i) => IsInteractive(i) ? InteractiveTokens : BatchTokens;

    static bool IsInteractive(int i) => i % 3 == 0;

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
            var worst = answers[i].Length >= (IsDropped(i) ? DroppedAfter : OutputTokens(i))
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
        CalibrationBudget = TimeSpan.FromSeconds(2),
        CacheFolder = Path.Combine(Path.GetTempPath(), "plimsoll-agree"),
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
            // About a fifth of what they come to hold; a split stream has more cells than are used.
            NumBlocks = count * 3 / 2,
            PrefixBlockTokens = 16,
        },
    };

    static EngineRequest Request(int i, int[] prompt) => new()
    {
        Prompt = prompt,
        MaxOutputTokens = OutputTokens(i),
        IgnoreEos = true,
        Sampling = new SamplingOptions { Temperature = 0 },
        Tenant = $"t{i % 3}",
        Level = IsInteractive(i) ? "interactive" : "batch",
        Class = IsInteractive(i) ? ServiceClass.Interactive : ServiceClass.Batch,
    };

    static int[] Prompt(int i)
    {
        var random = new Random(i);
        var shared = i % 2 == 0 ? Enumerable.Range(0, 32).Select(at => (at * 7) % 250) : [];
        var own = IsInteractive(i) ? random.Next(4, 40) : random.Next(60, 160);
        return [.. shared, .. Enumerable.Range(0, own).Select(_ => random.Next(250))];
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
