using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>What the engine's thread does between two steps: embeddings, adapters that come and go.</summary>
public sealed partial class LlamaEngine
{
    public async ValueTask<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<ReadOnlyMemory<int>> prompts, EngineRequest like, CancellationToken cancellation)
    {
        var vectors = new List<float[]>();
        foreach (var prompt in prompts)
        {
            if (prompt.Length == 0 || prompt.Length > Facts.MaxModelTokens)
            {
                throw new EngineRefusalException(
                    $"a text of {prompt.Length} tokens; expected 1 to {Facts.MaxModelTokens}");
            }
            if (Unknown(prompt.Span) is { } unknown)
                throw new EngineRefusalException(unknown);
            vectors.Add(await OnEngine(() => Embed(prompt.Span, like.LedgerId), cancellation));
        }
        return vectors;
    }

    public async ValueTask LoadAdapterAsync(string name, string path, CancellationToken cancellation)
    {
        if (name == Facts.Model)
        {
            throw new EngineRefusalException(
                $"The lora adapter '{name}' has the name of the model, which requests would reach instead.");
        }
        try
        {
            await OnEngine(() => _adapters.Load(name, path), cancellation);
        }
        catch (BadInputException e)
        {
            throw new EngineRefusalException(e.Message);
        }
    }

    public async ValueTask<bool> UnloadAdapterAsync(string name, CancellationToken cancellation)
    {
        if (_adapters.Withdraw(name) is not { } idle)
            return false;
        await idle.WaitAsync(cancellation);
        return await OnEngine(() =>
        {
            _loop.ForgetAdapter();
            return _adapters.Free(name);
        }, cancellation);
    }

    async Task<T> OnEngine<T>(Func<T> job, CancellationToken cancellation)
    {
        if (_failure is { } failure)
            throw new EngineRefusalException(failure);
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _jobs.Enqueue(() =>
        {
            try
            {
                done.TrySetResult(job());
            }
            catch (Exception e)
            {
                done.TrySetException(e);
            }
        });
        _wake.Set();
        return await done.Task.WaitAsync(cancellation);
    }

    /// <summary>
    /// One text between two steps, in a context of its own; a step of its own to the ledger.
    /// </summary>
    float[] Embed(ReadOnlySpan<int> prompt, long ledgerId)
    {
        var startNs = _clock.NowNs;
        _embeddings ??= new LlamaContext(_model, new ContextOptions(
            Facts.MaxModelTokens, 1, Facts.MaxModelTokens, Facts.MaxModelTokens, _options.Threads,
                Embeddings: true));
        _embeddings.ForgetAll();
        _embeddings.Clear();
        var row = 0;
        for (var i = 0; i < prompt.Length; i++)
            row = _embeddings.Add(prompt[i], i, 0, logits: true);
        _embeddings.Decode();
        var vector = _embeddings.Embedding(0, row);
        _loop.Report(startNs, new StepShare(ledgerId, prompt.Length, 0, prompt.Length));
        return vector;
    }
}
