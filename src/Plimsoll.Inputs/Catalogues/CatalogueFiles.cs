using System.Collections.Generic;
using System.IO;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>Readers of the catalogue's files; a user's own files have the same columns.</summary>
static class CatalogueFiles
{
    public static IReadOnlyList<AcceleratorSpec> Accelerators(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new AcceleratorSpec
        {
            Key = row.Text("key"),
            Name = row.Text("name"),
            Vendor = row.Text("vendor"),
            Bf16Tflops = row.Number("bf16_tflops"),
            Fp8Tflops = row.OptionalNumber("fp8_tflops"),
            Fp4Tflops = row.OptionalNumber("fp4_tflops"),
            Int8Tops = row.OptionalNumber("int8_tops"),
            MemoryGb = row.Number("memory_gb"),
            DeviceGib = row.OptionalNumber("device_gib"),
            MemoryGbPerSecond = row.Number("memory_gb_per_s"),
            ScaleUpGbPerSecond = row.OptionalNumber("scaleup_gb_per_s") ?? 0,
            ScaleUpWorld = row.OptionalText("scaleup_world").Length == 0 ? 1 : row.Whole("scaleup_world"),
            TdpWatts = row.OptionalNumber("tdp_watts"),
            Launch = row.Text("launch"),
            Source = row.Text("source"),
        });

    public static IReadOnlyList<PriceSpec> Prices(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new PriceSpec
        {
            Accelerator = row.Text("accelerator"),
            ProviderType = row.Text("provider_type"),
            Provider = row.Text("provider"),
            Term = row.Text("term"),
            UsdPerHour = row.Money("usd_per_hour"),
            AsOf = row.Text("as_of"),
            Confidence = row.Text("confidence"),
            Source = row.Text("source"),
        });

    public static IReadOnlyList<ApiPriceSpec> ApiPrices(string name, TextReader text) =>
        CsvTable.Read(name, text, row => new ApiPriceSpec(
            row.Text("model"), row.Text("provider"), row.Money("input_usd_mtok"),
            row.Money("output_usd_mtok"),
            row.OptionalNumber("cached_input_usd_mtok") is { } cached ? (decimal)cached : null,
            row.Text("as_of"), row.Text("source")));

    public static IReadOnlyList<ModelSpec> Models(string name, TextReader text) =>
        CsvTable.Read(name, text, Model);

    static ModelSpec Model(CsvTable row)
    {
        var latent = row.Whole("kv_lora_rank") > 0;
        var attention = new AttentionSpec
        {
            Form = latent ? AttentionForm.Latent : AttentionForm.Grouped,
            Heads = row.Whole("heads"),
            KvHeads = row.Whole("kv_heads"),
            HeadDim = row.Whole("head_dim"),
            ValueHeadDim = row.Whole("value_head_dim"),
            FullLayers = row.Whole("full_layers"),
            WindowLayers = row.Whole("window_layers"),
            WindowTokens = row.Whole("window_tokens"),
            LinearLayers = row.Whole("linear_layers"),
            LinearStateBytes = row.Whole("linear_state_bytes"),
            KvLoraRank = row.Whole("kv_lora_rank"),
            QueryLoraRank = row.Whole("query_lora_rank"),
            NopeHeadDim = row.Whole("nope_head_dim"),
            RopeHeadDim = row.Whole("rope_head_dim"),
        };
        var feedForward = new FeedForwardSpec
        {
            Intermediate = row.Whole("intermediate"),
            DenseLayers = row.Whole("dense_layers"),
            MoeLayers = row.Whole("moe_layers"),
            Experts = row.Whole("experts"),
            ExpertsPerToken = row.Whole("experts_per_token"),
            ExpertIntermediate = row.Whole("expert_intermediate"),
            SharedIntermediate = row.Whole("shared_intermediate"),
        };
        int layers = row.Whole("layers"), hidden = row.Whole("hidden"), vocabulary = row.Whole("vocabulary");
        var tied = row.Whole("tied") == 1;
        var family = ModelFamilies.Find(row.Text("family"));
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
            ImageTokens = row.Whole("image_tokens"),
            Parameters = (long?)row.OptionalNumber("published_parameters")
                ?? ParameterCount.Total(layers, hidden, vocabulary, tied, attention, feedForward),
            ActiveParameters = (long?)row.OptionalNumber("published_active")
                ?? ParameterCount.Active(layers, hidden, vocabulary, tied, attention, feedForward),
            Source = row.Text("source"),
            AsOf = row.Text("as_of"),
        };
    }
}
