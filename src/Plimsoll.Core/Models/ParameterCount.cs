namespace Plimsoll.Core.Models;

/// <summary>
/// Parameters of a model from its shape: embeddings, LM head unless tied, projections, routers and experts.
/// Norms and biases are left out; they are below 0.05 %. Layers for speculation (MTP) do not count.
/// </summary>
public static class ParameterCount
{
    public static long Total(
        int layers, int hidden, int vocabulary, bool tied, AttentionSpec attention,
        FeedForwardSpec feedForward) =>
        Count(layers, hidden, vocabulary, tied, attention, feedForward, feedForward.Experts);

    /// <summary>Parameters that one token visits.</summary>
    public static long Active(
        int layers, int hidden, int vocabulary, bool tied, AttentionSpec attention,
        FeedForwardSpec feedForward) =>
        Count(layers, hidden, vocabulary, tied, attention, feedForward, feedForward.ExpertsPerToken);

    /// <summary>Query, key, value and output projections of all layers.</summary>
    public static long Attention(ModelSpec model) => model.Layers * PerLayer(model.Hidden, model.Attention);

    static long Count(
        int layers, int hidden, int vocabulary, bool tied, AttentionSpec attention,
        FeedForwardSpec feedForward,
        int experts)
    {
        var embeddings = (tied ? 1L : 2L) * vocabulary * hidden;
        var matrices = feedForward.Gated ? 3L : 2L;
        var dense = matrices * hidden * feedForward.Intermediate;
        var mixture = matrices * hidden
                * ((long)experts * feedForward.ExpertIntermediate + feedForward.SharedIntermediate)
            + (long)hidden * feedForward.Experts;
        return embeddings + layers * PerLayer(hidden, attention)
            + feedForward.DenseLayers * dense + feedForward.MoeLayers * mixture;
    }

    /// <summary>Query, key, value and output projections of one layer.</summary>
    static long PerLayer(int hidden, AttentionSpec a)
    {
        long width = hidden, heads = a.Heads;
        if (a.Form == AttentionForm.Grouped)
        {
            return width * heads * a.HeadDim + width * a.KvHeads * (a.HeadDim + a.ValueHeadDim)
                + heads * a.ValueHeadDim * width;
        }

        var query = a.QueryLoraRank > 0
            ? width * a.QueryLoraRank + a.QueryLoraRank * heads * a.HeadDim
            : width * heads * a.HeadDim;
        return query + width * (a.KvLoraRank + a.RopeHeadDim)
            + a.KvLoraRank * heads * (a.NopeHeadDim + a.ValueHeadDim) + heads * a.ValueHeadDim * width;
    }
}
