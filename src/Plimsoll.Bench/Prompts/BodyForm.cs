using System.Collections.Generic;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Prompts;

/// <summary>What every body of a run has in common.</summary>
public sealed record BodyForm
{
    public required EndpointOptions Endpoint { get; init; }

    public required IReadOnlyList<LevelOptions> Levels { get; init; }

    public BodyOptions Options { get; init; } = new();

    public UsageForm Usage { get; init; } = UsageForm.PerChunk;
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
