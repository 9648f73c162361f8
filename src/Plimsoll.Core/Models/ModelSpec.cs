namespace Plimsoll.Core.Models;

/// <summary>
/// A model's architecture: facts that decide its bytes and its FLOPs. Counts derive from the shape;
/// where the shape is not public in full, the published totals stand in and say so.
/// </summary>
public sealed record ModelSpec
{
    public required string Name { get; init; }

    /// <summary>
    /// Family of architectures as Hugging Face names it: <c>llama</c>, <c>qwen3_moe</c>, ….
    /// </summary>
    public required string Family { get; init; }

    /// <summary>Whether queries and keys are normalised before they are rotated.</summary>
    public bool NormalisesQueries { get; init; }

    /// <summary>
    /// Whether FP8 copies have a scale per block of weights, as models published in FP8 do.
    /// </summary>
    public bool BlockScaledFp8 { get; init; }

    /// <summary>Whether FP4 checkpoints have only their routed experts in four bits.</summary>
    public bool ExpertsOnlyFp4 { get; init; }

    /// <summary>Whether INT4 checkpoints have only their routed experts in four bits.</summary>
    public bool ExpertsOnlyInt4 { get; init; }

    public required int Layers { get; init; }

    public required int Hidden { get; init; }

    public required int Vocabulary { get; init; }

    /// <summary>Whether the LM head is the embedding matrix.</summary>
    public required bool TiedEmbeddings { get; init; }

    public required AttentionSpec Attention { get; init; }

    public required FeedForwardSpec FeedForward { get; init; }

    /// <summary>Longest context, tokens.</summary>
    public required int MaxContext { get; init; }

    /// <summary>Format the weights are published in.</summary>
    public NumberFormat NativeWeights { get; init; } = NumberFormat.Bf16;

    /// <summary>
    /// Whether the model gives a vector or a score for a prompt instead of tokens: embedding, reranking. It
    /// has no LM head, and every request ends with its prompt.
    /// </summary>
    public bool Pools { get; init; }

    /// <summary>What turns images into prompt tokens; null for a text model.</summary>
    public VisionSpec? Vision { get; init; }

    /// <summary>
    /// Prompt tokens that one image of a megapixel costs, of models whose own rule is not known here; 0 for
    /// a text model.
    /// </summary>
    public int ImageTokens { get; init; }

    /// <summary>All parameters, embeddings included.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters that one token visits, embeddings included.</summary>
    public required long ActiveParameters { get; init; }

    /// <summary>Where the architecture comes from.</summary>
    public required string Source { get; init; }

    /// <summary>Date of that source, <c>yyyy-MM</c> or <c>yyyy-MM-dd</c>.</summary>
    public required string AsOf { get; init; }

    /// <summary>
    /// KV elements that one token of an unbounded context occupies, window layers included.
    /// </summary>
    public long KvElementsPerToken => Attention.Bidirectional
        ? 0
        : (long)(Attention.FullLayers + Attention.WindowLayers) * KvElementsPerTokenAndLayer;

    /// <summary>KV elements of one token in one layer.</summary>
    public int KvElementsPerTokenAndLayer => Attention.Form == AttentionForm.Latent
        ? Attention.KvLoraRank + Attention.RopeHeadDim
        : Attention.KvHeads * (Attention.HeadDim + Attention.ValueHeadDim);

    /// <summary>KV bytes of one token, all layers, when every layer keeps the whole context.</summary>
    public double KvBytesPerToken(NumberFormat format) => KvElementsPerToken * format.BytesPerElement();
}
