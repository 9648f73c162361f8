using System;
using System.Collections.Generic;
using System.IO;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Placeholder;
using Plimsoll.Inputs.Gguf;
using Shouldly;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>A tiny model, made once for all tests, and engines that serve it.</summary>
static class TestModel
{
    public static PlaceholderModel.Shape Shape { get; } =
        new(Embedding: 64, Layers: 2, Context: 2048, Merges: 100, Format: TensorFormat.F32);

    static readonly Lazy<string> _path = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Delete(recursive: true);
        var path = System.IO.Path.Combine(folder.FullName, "tiny.gguf");
        PlaceholderModel.Make(Shape, seed: 7).Save(path);
        return path;
    });

    public static string Path => _path.Value;

    public static string Folder => System.IO.Path.GetDirectoryName(Path)!;

    public static SchedulerOptions Limits { get; } = new()
    {
        MaxNumSeqs = 32,
        MaxNumBatchedTokens = 128,
        NumBlocks = 256,
        BlockSize = 16,
        PrefixBlockTokens = 16,
        Levels = [ServiceLevelSpec.Default, ServiceLevelSpec.Batch],
    };

    public static LlamaOptions Options(
        SchedulerOptions? limits = null, KvLayout layout = KvLayout.Unified) => new()
    {
        Model = "tiny",
        Path = Path,
        Limits = limits ?? Limits,
        Layout = layout,
        MicroTokens = 32,
        CalibrationBudget = TimeSpan.Zero,
    };

    public static LlamaModel Load()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        return LlamaModel.Load(Path);
    }

    public static EngineRequest Request(int[] prompt, int output) => new()
    {
        Prompt = prompt,
        MaxOutputTokens = output,
        Sampling = new SamplingOptions { Temperature = 0 },
        IgnoreEos = true,
        Tenant = "t",
    };

    public static int[] Prompt(int seed, int tokens)
    {
        var random = new Random(seed);
        var prompt = new int[tokens];
        for (var i = 0; i < tokens; i++)
            prompt[i] = random.Next(300);
        return prompt;
    }

    public static async Task<List<AnswerToken>> ReadAll(Answer answer)
    {
        if (answer.Refusal is { } refusal)
            throw new InvalidOperationException(refusal.Message);
        var tokens = new List<AnswerToken>();
        await foreach (var token in answer.Tokens.ReadAllAsync())
            tokens.Add(token);
        return tokens;
    }

    /// <summary>
    /// Whether libllama alone, one sequence and one token at a time, would have said this greedily: at each
    /// place the token is the likeliest, or as likely but for the order in which floats are summed.
    /// </summary>
    public static void ShouldAgreeWithLibllama(
        LlamaModel model, int[] prompt, IReadOnlyList<int> answer, LlamaAdapter? adapter = null)
    {
        using var context = new LlamaContext(model, new ContextOptions(2048, 1, 512, 512));
        context.Use(adapter);
        int[] tokens = [.. prompt, .. answer];
        for (int from = 0, known = prompt.Length; known < tokens.Length; from = known++)
        {
            context.Clear();
            var row = 0;
            for (var at = from; at < known; at++)
                row = context.Add(tokens[at], at, 0, at == known - 1);
            context.Decode();
            var logits = context.Logits(row);
            var best = System.Numerics.Tensors.TensorPrimitives.Max(logits);
            logits[tokens[known]].ShouldBeGreaterThan(best - 0.02f, $"token {known - prompt.Length}");
        }
    }
}
