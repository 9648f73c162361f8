using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;

namespace Plimsoll.Tune.Figures;

/// <summary>Greedy answers of llama.cpp under our scheduler, as they would be served.</summary>
static class Deployed
{
    /// <param name="adapter">A GGUF file beside the base; null for none.</param>
    /// <returns>Tokens of each answer, its end where the engine gives it.</returns>
    public static async Task<List<int[]>> AnswersAsync(
        string gguf, string? adapter, IReadOnlyList<int[]> prompts, int mostTokens)
    {
        await using var engine = new LlamaEngine(new LlamaOptions
        {
            Model = "plimsoll",
            Path = gguf,
            Limits = new SchedulerOptions { MaxNumSeqs = 32, MaxNumBatchedTokens = 512, NumBlocks = 512,
                BlockSize = 16, Levels = [ServiceLevelSpec.Default] },
        }, TimeProvider.System);
        if (adapter is not null)
            await engine.LoadAdapterAsync("tuned", adapter, CancellationToken.None);
        var answers = new List<int[]>();
        foreach (var chunk in prompts.Chunk(128))
        {
            var running = chunk.Select(p => engine.Submit(new EngineRequest
            {
                Prompt = p,
                MaxOutputTokens = mostTokens,
                Sampling = new SamplingOptions { Temperature = 0 },
                Adapter = adapter is null ? null : "tuned",
                Tenant = "figures",
            })).ToList();
            foreach (var answer in running)
            {
                var tokens = new List<int>();
                await foreach (var token in answer.Tokens.ReadAllAsync())
                    tokens.Add(token.Token);
                answers.Add([.. tokens]);
            }
        }
        return answers;
    }
}
