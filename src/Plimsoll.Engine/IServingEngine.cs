using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Engine;

/// <summary>
/// What takes requests and yields tokens, each with the facts of the step that made it. The server knows an
/// engine only as this: simulated (the scheduler, the step-time model and the clock) or llama.cpp (the
/// scheduler, libllama and the clock). All members may be called from any thread.
/// </summary>
public interface IServingEngine : IAsyncDisposable
{
    EngineFacts Facts { get; }

    /// <summary>Text to tokens and back, and a chat to the prompt that the model was trained on.</summary>
    IPromptCodec Codec { get; }

    /// <summary>What is running, waiting and held in KV now.</summary>
    EngineTelemetry Telemetry { get; }

    /// <summary>
    /// Called after every step on the engine's own thread, before its tokens are readable: ledger, metrics
    /// and decision log append and return. What it is given is valid during the call only.
    /// </summary>
    StepListener? OnStep { get; set; }

    /// <summary>
    /// Takes a request in, or refuses it at once with what would have to change
    /// (<see cref="Answer.Refusal"/>). Never blocks on the engine's step.
    /// </summary>
    Answer Submit(EngineRequest request);

    /// <summary>
    /// One vector per prompt; throws <see cref="NotSupportedException"/> where the model gives none.
    /// </summary>
    /// <param name="like">Whose they are and at which level; its prompt is none of theirs.</param>
    ValueTask<IReadOnlyList<float[]>> EmbedAsync(
        IReadOnlyList<ReadOnlyMemory<int>> prompts, EngineRequest like, CancellationToken cancellation);

    /// <summary>Adapters that requests may name.</summary>
    IReadOnlyCollection<AdapterFacts> Adapters { get; }

    /// <summary>
    /// Makes an adapter servable under a name. A file that is missing, of another model or broken throws
    /// <see cref="EngineRefusalException"/> in one line.
    /// </summary>
    ValueTask LoadAdapterAsync(string name, string path, CancellationToken cancellation);

    /// <summary>False when there is none of that name. Requests that use it finish first.</summary>
    ValueTask<bool> UnloadAdapterAsync(string name, CancellationToken cancellation);
}
