using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// A model as a row of the catalogue. Columns of what only some models have may be missing: two-matrix
/// feed-forwards (<c>gated</c>), encoders, pooling, vision.
/// </summary>
static class ModelRow
{
    public static ModelSpec Read(CsvTable row)
    {
        var attention = Attention(row);
        var feedForward = FeedForward(row);
        int layers = row.Whole("layers"), hidden = row.Whole("hidden"), vocabulary = row.Whole("vocabulary");
        var tied = row.Whole("tied") == 1;
        var total = (long?)row.OptionalNumber("published_parameters")
            ?? ParameterCount.Total(layers, hidden, vocabulary, tied, attention, feedForward);
        var family = ModelFamilies.All.Find(row.Text("family"));
        return new ModelSpec
        {
            Name = row.Text("name"),
            Family = row.Text("family"),
            NormalisesQueries = family?.NormalisesQueries ?? false,
            BlockScaledFp8 = family?.BlockScaledFp8 ?? false,
            ExpertsOnlyFp4 = family?.ExpertsOnlyFp4 ?? false,
            ExpertsOnlyInt4 = family?.ExpertsOnlyInt4 ?? false,
            Layers = layers,
            Hidden = hidden,
            Vocabulary = vocabulary,
            TiedEmbeddings = tied,
            Attention = attention,
            FeedForward = feedForward,
            MaxContext = row.Whole("max_context"),
            NativeWeights = NumberFormats.TryParse(row.Text("native_weights"), out var format)
                ? format
                : NumberFormat.Bf16,
            Pools = Optional(row, "kind") is "embedding" or "reranker",
            Vision = Vision(row),
            ImageTokens = row.Whole("image_tokens"),
            Parameters = total,
            // A published total may be rounded below what the shape counts.
            ActiveParameters = (long?)row.OptionalNumber("published_active") ?? Math.Min(
                total, ParameterCount.Active(layers, hidden, vocabulary, tied, attention, feedForward)),
            Source = row.Text("source"),
            AsOf = row.Text("as_of"),
        };
    }

    static AttentionSpec Attention(CsvTable row)
    {
        var latent = row.Whole("kv_lora_rank") > 0;
        return new AttentionSpec
        {
            Form = latent ? AttentionForm.Latent : AttentionForm.Grouped,
            Heads = row.Whole("heads"),
            KvHeads = row.Whole("kv_heads"),
            HeadDim = row.Whole("head_dim"),
            ValueHeadDim = row.Whole("value_head_dim"),
            FullLayers = row.Whole("full_layers"),
            WindowLayers = row.Whole("window_layers"),
            WindowTokens = row.Whole("window_tokens"),
            Bidirectional = Optional(row, "attention_direction") == "bidirectional",
            LinearLayers = row.Whole("linear_layers"),
            LinearStateBytes = row.Whole("linear_state_bytes"),
            KvLoraRank = row.Whole("kv_lora_rank"),
            QueryLoraRank = row.Whole("query_lora_rank"),
            NopeHeadDim = row.Whole("nope_head_dim"),
            RopeHeadDim = row.Whole("rope_head_dim"),
        };
    }

    static FeedForwardSpec FeedForward(CsvTable row) => new()
    {
        Intermediate = row.Whole("intermediate"),
        DenseLayers = row.Whole("dense_layers"),
        Gated = Optional(row, "gated") != "0",
        MoeLayers = row.Whole("moe_layers"),
        Experts = row.Whole("experts"),
        ExpertsPerToken = row.Whole("experts_per_token"),
        ExpertIntermediate = row.Whole("expert_intermediate"),
        SharedIntermediate = row.Whole("shared_intermediate"),
    };

    static VisionSpec? Vision(CsvTable row)
    {
        var rule = Optional(row, "vision_rule");
        if (rule.Length == 0)
            return null;
        if (!ImageRule.All.TryFind(rule, out _))
            throw row.Bad("vision_rule", rule, ImageRule.All.ToString());
        return new VisionSpec
        {
            Rule = new ImageRule(
                rule, (long)(row.OptionalNumber("image_min_pixels") ?? 0),
                (long)(row.OptionalNumber("image_max_pixels") ?? 0)),
            Layers = row.Whole("vision_layers"),
            FullLayers = row.Whole("vision_full_layers"),
            WindowPatches = (int)(row.OptionalNumber("vision_window_patches") ?? 0),
            Hidden = row.Whole("vision_hidden"),
            Intermediate = row.Whole("vision_intermediate"),
            Gated = row.Whole("vision_gated") == 1,
            Parameters = (long)row.Number("vision_parameters"),
            ProjectorParameters = (long)row.Number("projector_parameters"),
        };
    }

    static string Optional(CsvTable row, string column) => row.Has(column) ? row.OptionalText(column) : "";
}
