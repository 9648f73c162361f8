using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine;

/// <summary>What an engine serves; fixed while it lives.</summary>
public sealed record EngineFacts
{
    /// <summary>Name that requests use.</summary>
    public required string Model { get; init; }

    /// <summary><c>simulated</c> or <c>llama.cpp</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Where the model comes from: a catalogue name or a file.</summary>
    public required string Root { get; init; }

    /// <summary>Longest prompt and answer together, tokens.</summary>
    public required int MaxModelTokens { get; init; }

    /// <summary>Limits of its scheduler; a log replays under them.</summary>
    public required SchedulerOptions Limits { get; init; }

    public bool CanEmbed { get; init; }
}

/// <summary>A LoRA adapter that an engine serves.</summary>
/// <param name="Name">As requests name it.</param>
/// <param name="Path">File it was loaded from.</param>
public sealed record AdapterFacts(string Name, string Path);
