using System.Collections.Generic;

namespace Plimsoll.Engine;

/// <summary>How a token is drawn; OpenAI's names and vLLM's extras.</summary>
public sealed record SamplingOptions
{
    public static SamplingOptions Default { get; } = new();

    public float Temperature { get; init; } = 1;

    public float TopP { get; init; } = 1;

    /// <summary>0 for no limit.</summary>
    public int TopK { get; init; }

    public float MinP { get; init; }

    public float PresencePenalty { get; init; }

    public float FrequencyPenalty { get; init; }

    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Share of the distribution kept around its typical tokens; 1 for all.</summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>How much a token that would go on with a repetition loses; 0 for nothing.</summary>
    public float DryMultiplier { get; init; }

    /// <summary>Factor by which that grows with each token of the repetition.</summary>
    public float DryBase { get; init; } = 1.75f;

    /// <summary>Tokens that may be repeated freely.</summary>
    public int DryAllowedLength { get; init; } = 2;

    public ulong? Seed { get; init; }

    /// <summary>Added to the logits of these tokens; null for none.</summary>
    public IReadOnlyDictionary<int, float>? LogitBias { get; init; }

    /// <summary>Whether what was drawn changes what is drawn next.</summary>
    internal bool Remembers => PresencePenalty != 0 || FrequencyPenalty != 0 || RepetitionPenalty != 1
        || DryMultiplier > 0;
}
