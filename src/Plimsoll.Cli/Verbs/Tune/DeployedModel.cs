using System;
using System.Collections.Generic;
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
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// Greedy answers of the deployed form: llama.cpp under our scheduler, model and adapter as GGUF.
/// </summary>
sealed class DeployedModel : IAsyncDisposable
{
    readonly ScratchFolder _work;
    readonly ModelConfig _config;
    LlamaEngine? _engine;
    string? _adapter;

    DeployedModel(ScratchFolder work, ModelConfig config) => (_work, _config) = (work, config);

    /// <param name="adapter">Beside the model; null for the model alone.</param>
    /// <param name="longest">Tokens of the longest prompt with its answer.</param>
    /// <exception cref="BadInputException">Longer than the model's context.</exception>
    public static async Task<DeployedModel> OpenAsync(TuneWorkspace workspace, ModelFolder model,
        string? adapter, TensorFormat format, int longest, CancellationToken cancellation)
    {
        if (longest > model.Config.ContextTokens)
        {
            throw new BadInputException($"a prompt and its answer have up to {longest} tokens; the "
                + $"model's context is {model.Config.ContextTokens}");
        }
        var work = new ScratchFolder(workspace.Folder, "deployed");
        var deployed = new DeployedModel(work, model.Config);
        try
        {
            var gguf = work.In("base.gguf");
            GgufExport.Model(model, null, format, "base").Save(gguf);
            deployed._engine = new LlamaEngine(
                new LlamaOptions { Model = "base", Path = gguf, Limits = Limits(longest) },
                TimeProvider.System);
            if (adapter is not null)
            {
                var file = work.In("adapter.gguf");
                GgufExport.Adapter(model, workspace.FolderOf(adapter), adapter).Save(file);
                await deployed._engine.LoadAdapterAsync("candidate", file, cancellation);
                deployed._adapter = "candidate";
            }
            return deployed;
        }
        catch
        {
            await deployed.DisposeAsync();
            throw;
        }
    }

    /// <returns>Per prompt the tokens of the answer, its end left out.</returns>
    public async Task<List<int[]>> AnswersAsync(
        IReadOnlyList<int[]> prompts, int mostTokens, CancellationToken cancellation)
    {
        var answers = new List<int[]>();
        foreach (var chunk in prompts.Chunk(64))
        {
            var running = chunk.Select(prompt => _engine!.Submit(new EngineRequest
            {
                Prompt = prompt,
                MaxOutputTokens = mostTokens,
                Sampling = new SamplingOptions { Temperature = 0 },
                Adapter = _adapter,
                Tenant = "evaluation",
            })).ToList();
            foreach (var answer in running)
            {
                if (answer.Refusal is { } refusal)
                    throw new BadInputException($"the engine refuses a prompt: {refusal.Message}");
                var tokens = new List<int>();
                await foreach (var token in answer.Tokens.ReadAllAsync(cancellation))
                {
                    if (token.Token >= 0 && !_config.EndTokens.Contains(token.Token))
                        tokens.Add(token.Token);
                }
                answers.Add([.. tokens]);
            }
        }
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
            await _engine.DisposeAsync();
        _work.Dispose();
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
}
