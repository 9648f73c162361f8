namespace Plimsoll.Core.Models;

public enum AttentionForm
{
    /// <summary>One key and one value vector per KV head and layer: MHA, GQA, MQA.</summary>
    Grouped,

    /// <summary>One compressed latent per layer, shared by all heads: MLA.</summary>
    Latent,
}

/// <summary>
/// What a model's attention stores and computes. Every layer is exactly one of full, window or linear:
/// <c>FullLayers + WindowLayers + LinearLayers</c> is the model's layer count.
/// </summary>
public sealed record AttentionSpec
{
    public required AttentionForm Form { get; init; }

    public required int Heads { get; init; }

    /// <summary>KV heads of a grouped layer; 1 for a latent one.</summary>
    public required int KvHeads { get; init; }

    /// <summary>Elements of one query/key head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Elements of one value head.</summary>
    public required int ValueHeadDim { get; init; }

    /// <summary>Layers that attend to the whole context.</summary>
    public required int FullLayers { get; init; }

    /// <summary>
    /// Layers that attend to the last <see cref="WindowTokens"/> tokens (sliding or chunked).
    /// </summary>
    public int WindowLayers { get; init; }

    public int WindowTokens { get; init; }

    /// <summary>
    /// Whether every token of a prompt sees every other: an encoder, which keeps no KV and gives no tokens.
    /// </summary>
    public bool Bidirectional { get; init; }

    /// <summary>Layers with a state of fixed size per sequence instead of a KV cache.</summary>
    public int LinearLayers { get; init; }

    /// <summary>Bytes of state per sequence of all linear layers together.</summary>
    public long LinearStateBytes { get; init; }

    /// <summary>Latent attention only: rank of the compressed KV.</summary>
    public int KvLoraRank { get; init; }

    /// <summary>
    /// Latent attention only: rank of the compressed query; 0 when the query is not compressed.
    /// </summary>
    public int QueryLoraRank { get; init; }

    /// <summary>Latent attention only: elements of a head's positional part, stored once per token.</summary>
    public int RopeHeadDim { get; init; }

    /// <summary>Latent attention only: elements of a head's non-positional part.</summary>
    public int NopeHeadDim { get; init; }
}
