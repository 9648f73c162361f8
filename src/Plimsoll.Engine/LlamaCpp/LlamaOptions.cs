using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>How llama.cpp serves a model.</summary>
public sealed record LlamaOptions
{
    /// <summary>Name that requests use.</summary>
    public required string Model { get; init; }

    /// <summary>The GGUF file.</summary>
    public required string Path { get; init; }

    /// <summary>Scheduler's limits; blocks are tokens of KV divided by the block size.</summary>
    public required SchedulerOptions Limits { get; init; }

    /// <summary>Longest prompt and answer together, tokens; the model's own where it is shorter.</summary>
    public int? MaxModelTokens { get; init; }

    /// <summary>Null for what suits the rest of this: <see cref="KvLayoutChoice"/>.</summary>
    public KvLayout? Layout { get; init; }

    /// <summary>Compute threads. One, pinned, is the fastest where cores are shared.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>The core that the engine's thread is pinned to; null leaves it to the system.</summary>
    public int? Core { get; init; }

    /// <summary>Tokens computed at once: an abort waits for these at most.</summary>
    public int MicroTokens { get; init; } = 128;

    public int GpuLayers { get; init; }

    public LlamaLibraryOptions Library { get; init; } = new();

    /// <summary>
    /// Whether answers' continuations are guessed and checked, where the scheduler asks for drafts.
    /// </summary>
    public bool Speculates { get; init; }

    /// <summary>
    /// GGUF file of a small model of the same vocabulary that guesses where earlier text says nothing; null
    /// for none.
    /// </summary>
    public string? DraftPath { get; init; }

    /// <summary>GGUF file of what makes images into tokens (mmproj); null where none are taken.</summary>
    public string? ProjectorPath { get; init; }

    /// <summary>Seed of answers that name none.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// Most time that steps are timed for at the start, where the cache has none; zero for not at all.
    /// </summary>
    public TimeSpan CalibrationBudget { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>Folder of step times learnt before; null for the user's cache.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>File that the scheduler's events are written to; null for none.</summary>
    public string? DecisionLog { get; init; }
}
