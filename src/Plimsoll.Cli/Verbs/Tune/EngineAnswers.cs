using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// Greedy answers of the deployed form: llama.cpp under our scheduler, base and adapters as GGUF.
/// </summary>
static class EngineAnswers
{
    /// <param name="adapter">Null for the base alone.</param>
    /// <returns>Per prompt the tokens of the answer, its end left out.</returns>
    public static async Task<List<int[]>> OfAsync(
        TuneWorkspace workspace, string baseHash, string? adapter, TensorFormat format,
            IReadOnlyList<int[]> prompts, int mostTokens,
        CancellationToken cancellation)
    {
        var work = Path.Combine(workspace.Folder, "work", $"deployed-{Guid.NewGuid():N}");
        Directory.CreateDirectory(work);
        try
        {
            using var model = workspace.OpenFolder(baseHash);
            var gguf = Path.Combine(work, "base.gguf");
            GgufExport.Model(model, null, format, baseHash).Save(gguf);
            var longest = prompts.Max(p => p.Length) + mostTokens;
            if (longest > model.Config.ContextTokens)
            {
                throw new BadInputException($"a prompt and its answer have up to {longest} tokens; the "
                    + $"model's context is {model.Config.ContextTokens}");
            }
            await using var engine = new LlamaEngine(
                new LlamaOptions { Model = "base", Path = gguf, Limits = Limits(longest) },
                TimeProvider.System);
            if (adapter is not null)
            {
                var file = Path.Combine(work, "adapter.gguf");
                GgufExport.Adapter(model, workspace.FolderOf(adapter), adapter).Save(file);
                await engine.LoadAdapterAsync("candidate", file, cancellation);
            }
            return await AnswersAsync(engine, adapter is null ? null : "candidate", prompts, mostTokens,
                model.Config.EndTokens, cancellation);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    static SchedulerOptions Limits(int longest)
    {
        var blocks = (longest + 15) / 16;
        return new SchedulerOptions
        {
            MaxNumSeqs = 32,
            MaxNumBatchedTokens = 512,
            NumBlocks = Math.Max(512, 8 * blocks),
            BlockSize = 16,
            Levels = [ServiceLevelSpec.Default],
        };
    }

    static async Task<List<int[]>> AnswersAsync(
        LlamaEngine engine, string? adapter, IReadOnlyList<int[]> prompts, int mostTokens,
            IReadOnlyList<int> ends, CancellationToken cancellation)
    {
        var answers = new List<int[]>();
        foreach (var chunk in prompts.Chunk(64))
        {
            var running = chunk.Select(prompt => engine.Submit(new EngineRequest
            {
                Prompt = prompt,
                MaxOutputTokens = mostTokens,
                Sampling = new SamplingOptions { Temperature = 0 },
                Adapter = adapter,
                Tenant = "evaluation",
            })).ToList();
            foreach (var answer in running)
            {
                if (answer.Refusal is { } refusal)
                    throw new BadInputException($"the engine refuses a prompt: {refusal.Message}");
                var tokens = new List<int>();
                await foreach (var token in answer.Tokens.ReadAllAsync(cancellation))
                {
                    if (token.Token >= 0 && !ends.Contains(token.Token))
                        tokens.Add(token.Token);
                }
                answers.Add([.. tokens]);
            }
        }
        return answers;
    }
}
