using System;
using System.Collections.Generic;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Engine;

/// <summary>One answer asked of an engine. <c>n</c> answers of one prompt are n requests.</summary>
public sealed record EngineRequest
{
    public required ReadOnlyMemory<int> Prompt { get; init; }

    /// <summary>Which parts of the prompt are images, in order; the engine's own codec gives them.</summary>
    public IReadOnlyList<PromptImage> Images { get; init; } = [];

    public required int MaxOutputTokens { get; init; }

    /// <summary>Tokens before an end of sequence is taken for one.</summary>
    public int MinOutputTokens { get; init; }

    public bool IgnoreEos { get; init; }

    public SamplingOptions Sampling { get; init; } = SamplingOptions.Default;

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Alternatives to report with each token; null for no log probabilities at all.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>Shape that the answer is held to; null for any.</summary>
    public AnswerFormat? Format { get; init; }

    public ServiceClass Class { get; init; }

    /// <summary>Service level of the request, as configured: <c>interactive</c>, <c>batch</c>, …</summary>
    public string Level { get; init; } = "interactive";

    /// <summary>
    /// Promised time to the first token, nanoseconds from submission; null when not promised.
    /// </summary>
    public long? TtftNs { get; init; }

    /// <summary>Promised gap between tokens, nanoseconds.</summary>
    public long? ItlNs { get; init; }

    /// <summary>Promised time to the last token, nanoseconds: the completion window of batch work.</summary>
    public long? DeadlineNs { get; init; }

    /// <summary>Lower goes first, where the policy looks at it.</summary>
    public int Priority { get; init; }

    /// <summary>Adapter by name; null for the base model.</summary>
    public string? Adapter { get; init; }

    /// <summary>Who pays: the tenant's identity in the ledger.</summary>
    public required string Tenant { get; init; }

    /// <summary>
    /// Ledger's handle of the request, given back with every step; 0 when nobody keeps a ledger.
    /// </summary>
    public long LedgerId { get; init; }
}

/// <summary>What an answer must look like.</summary>
/// <param name="JsonSchema">JSON schema text; null with <paramref name="Grammar"/> null means
/// any JSON object.</param>
/// <param name="Grammar">GBNF grammar.</param>
/// <param name="Parameter">The request's parameter that asks for it.</param>
public sealed record AnswerFormat(
    string? JsonSchema, string? Grammar, string Parameter = "response_format");
