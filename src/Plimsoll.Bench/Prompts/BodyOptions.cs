using System.Collections.Generic;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Prompts;

/// <summary>What every body of a run has in common.</summary>
public sealed record BodyOptions
{
    public required EndpointOptions Endpoint { get; init; }

    public required IReadOnlyList<LevelOptions> Levels { get; init; }

    public UsageForm Usage { get; init; } = UsageForm.PerChunk;

    /// <summary>Whether answers run to the length that the load states; vLLM and its kin only.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Members added to every body; null for none.</summary>
    public JsonObject? Extra { get; init; }

    /// <summary>Pictures before the text; 0 for none.</summary>
    public int Images { get; init; }

    public int ImageWidth { get; init; } = 512;

    public int ImageHeight { get; init; } = 512;

    public ulong Seed { get; init; } = 1;
}

/// <summary>How the endpoint is asked to count tokens while it streams.</summary>
public enum UsageForm
{
    /// <summary>Not at all: each chunk counts as one token.</summary>
    None,

    /// <summary>OpenAI's <c>include_usage</c>: once, at the end.</summary>
    AtEnd,

    /// <summary>
    /// And vLLM's <c>continuous_usage_stats</c>: with every chunk, so that chunks may hold several tokens.
    /// </summary>
    PerChunk,
}
