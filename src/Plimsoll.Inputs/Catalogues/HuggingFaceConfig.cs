using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// A Hugging Face <c>config.json</c> as a model. Each supported family says which attention it has; a
/// family that is not listed is refused by name, never guessed.
/// </summary>
public static class HuggingFaceConfig
{
    /// <summary>
    /// Reads the file; what is missing, malformed or unknown throws <see cref="BadInputException"/>.
    /// </summary>
    public static ModelSpec Read(string path) => Read(path, ModelFamilies.All);

    internal static ModelSpec Read(string path, IReadOnlyList<ModelFamily> families)
    {
        var config = ConfigJson.Load(path);
        var type = config.ModelType;
        if (families.Find(type) is not { Config: { } rules } family)
        {
            throw new BadInputException(
                path, $"model type {type} is unknown, and its attention is not guessed",
                $"one of {string.Join(", ", families.ConfigTypes())}");
        }
        int layers = config.Count("num_hidden_layers"), hidden = config.Count("hidden_size");
        var vocabulary = Known(config, "vocab_size", rules.Defaults?.Vocabulary);
        var tied = config.Flag("tie_word_embeddings", rules.Tied);
        var attention = rules.Latent ? Latent(config, layers) : Grouped(config, rules, layers, hidden);
        var feedForward = FeedForward(config, rules, layers);
        return new ModelSpec
        {
            Name = Name(config, path),
            Family = type,
            NormalisesQueries = family.NormalisesQueries,
            BlockScaledFp8 = family.BlockScaledFp8,
            ExpertsOnlyFp4 = family.ExpertsOnlyFp4,
            ExpertsOnlyInt4 = family.ExpertsOnlyInt4,
            Layers = layers,
            Hidden = hidden,
            Vocabulary = vocabulary,
            TiedEmbeddings = tied,
            Attention = attention,
            FeedForward = feedForward,
            MaxContext = config.Count("max_position_embeddings", 131_072),
            NativeWeights = Weights(config),
            ImageTokens = config.Count("mm_tokens_per_image", 0),
            Parameters = ParameterCount.Total(layers, hidden, vocabulary, tied, attention, feedForward),
            ActiveParameters =
                ParameterCount.Active(layers, hidden, vocabulary, tied, attention, feedForward),
            Source = path,
            AsOf = "given",
        };
    }

    static string Name(ConfigJson config, string path) =>
        config.Text("_name_or_path") is { Length: > 0 } name
            ? name
            : Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) is { Length: > 0 } folder
                && Path.GetFileName(path) == "config.json"
                    ? folder
                    : Path.GetFileNameWithoutExtension(path);

    static AttentionSpec Grouped(ConfigJson config, ConfigRules rules, int layers, int hidden)
    {
        var heads = Known(config, "num_attention_heads", rules.Defaults?.Heads);
        var headDim = config.Count("head_dim", 0) is > 0 and var given
            ? given
            : rules.Defaults?.HeadDim ?? hidden / heads;
        var window =
            config.Count("sliding_window", config.Count("attention_chunk_size", rules.Defaults?.Window ?? 0));
        var windowLayers = WindowLayers(config, rules.Windows, layers);
        // A window as long as the context holds nothing back.
        if (window == 0 || window >= config.Count("max_position_embeddings", int.MaxValue))
            windowLayers = 0;
        var kvHeads = config.Count("num_key_value_heads", rules.Defaults?.KvHeads ?? heads);
        if (kvHeads == 0 || heads % kvHeads != 0)
        {
            throw new BadInputException(
                $"{config.Path}: num_key_value_heads {kvHeads} does not divide num_attention_heads {heads}");
        }
        return new AttentionSpec
        {
            Form = AttentionForm.Grouped,
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            ValueHeadDim = headDim,
            FullLayers = layers - windowLayers,
            WindowLayers = windowLayers,
            WindowTokens = windowLayers == 0 ? 0 : window,
        };
    }

    static int Known(ConfigJson config, string key, int? familyDefault) =>
        familyDefault is { } value ? config.Count(key, value) : config.Count(key);

    static int WindowLayers(ConfigJson config, LayerWindows windows, int layers)
    {
        if (config.TryGet("layer_types", out var types) && types.ValueKind == JsonValueKind.Array)
        {
            var count = 0;
            foreach (var type in types.EnumerateArray())
            {
                count += (type.ValueKind == JsonValueKind.String ? type.GetString() : null) switch
                {
                    "sliding_attention" or "chunked_attention" => 1,
                    "full_attention" => 0,
                    var other => throw new BadInputException(
                        $"{config.Path}: layer type {other} is unknown, and its attention is not guessed; "
                        + "expected full_attention, sliding_attention or chunked_attention"),
                };
            }
            return Math.Min(count, layers);
        }
        return windows switch
        {
            LayerWindows.AllLayers => layers,
            LayerWindows.Alternate => (layers + 1) / 2,
            LayerWindows.FiveOfSix => layers - layers / config.Count("sliding_window_pattern", 6),
            LayerWindows.ThreeOfFour => layers - layers / 4,
            LayerWindows.AsListed when config.Flag("use_sliding_window", false) =>
                Math.Max(0, layers - config.Count("max_window_layers", layers)),
            _ => 0,
        };
    }

    static AttentionSpec Latent(ConfigJson config, int layers)
    {
        int nope = config.Count("qk_nope_head_dim"), rope = config.Count("qk_rope_head_dim");
        return new AttentionSpec
        {
            Form = AttentionForm.Latent,
            Heads = config.Count("num_attention_heads"),
            KvHeads = 1,
            HeadDim = nope + rope,
            ValueHeadDim = config.Count("v_head_dim"),
            FullLayers = layers,
            KvLoraRank = config.Count("kv_lora_rank"),
            QueryLoraRank = config.Count("q_lora_rank", 0),
            NopeHeadDim = nope,
            RopeHeadDim = rope,
        };
    }

    static FeedForwardSpec FeedForward(ConfigJson config, ConfigRules rules, int layers)
    {
        var experts = config.Count(
            "n_routed_experts", config.Count("num_local_experts", config.Count("num_experts", 0)));
        if (experts == 0)
        {
            return new FeedForwardSpec { Intermediate = config.Count("intermediate_size"),
                DenseLayers = layers };
        }

        var every =
            Math.Max(1, config.Count("interleave_moe_layer_step", config.Count("decoder_sparse_step", 1)));
        var first = config.Count("first_k_dense_replace", 0);
        var moe = every > 1 ? layers / every : Math.Max(0, layers - first - config.Length("mlp_only_layers"));
        var intermediate = config.Count("intermediate_size");
        var width = config.Count("moe_intermediate_size", intermediate);
        var shared = rules.SharedExpertIsIntermediate
            ? intermediate
            : config.Count("shared_expert_intermediate_size", config.Count("n_shared_experts", 0) * width);
        var perToken = config.Has("num_experts_per_tok")
            ? config.Count("num_experts_per_tok")
            : config.Count("experts_per_token");
        if (perToken > experts)
        {
            throw new BadInputException(
                config.Path, $"{perToken} of {experts} experts per token", "no more than there are");
        }
        return new FeedForwardSpec
        {
            Intermediate = moe == layers ? 0 : config.Count("intermediate_size_mlp", intermediate),
            DenseLayers = layers - moe,
            MoeLayers = moe,
            Experts = experts,
            ExpertsPerToken = perToken,
            ExpertIntermediate = width,
            SharedIntermediate = shared,
        };
    }

    static NumberFormat Weights(ConfigJson config)
    {
        if (!config.TryGet("quantization_config", out var quantization)
            || quantization.ValueKind != JsonValueKind.Object)
        {
            return NumberFormat.Bf16;
        }

        var text = quantization.GetRawText().ToLowerInvariant().Replace(" ", "", StringComparison.Ordinal);
        var method =
            quantization.TryGetProperty("quant_method", out var m) && m.ValueKind == JsonValueKind.String
            ? m.GetString()!.ToLowerInvariant()
            : "";
        return method switch
        {
            "fp8" or "fbgemm_fp8" => NumberFormat.Fp8,
            "mxfp4" => NumberFormat.Fp4,
            "awq" or "gptq" or "auto-round" => text.Contains("\"bits\":8", StringComparison.Ordinal)
                ? NumberFormat.Int8
                : NumberFormat.Int4,
            "modelopt" or "compressed-tensors" => text.Contains("fp4", StringComparison.Ordinal)
            ? NumberFormat.Fp4
                : text.Contains("\"type\":\"float\"", StringComparison.Ordinal)
                || text.Contains("fp8", StringComparison.Ordinal) ? NumberFormat.Fp8
                : text.Contains("\"num_bits\":4", StringComparison.Ordinal) ? NumberFormat.Int4
                : NumberFormat.Int8,
            _ => throw new BadInputException(
                config.Path, $"quant_method \"{method}\" is unknown",
                $"fp8, mxfp4, awq, gptq, modelopt or compressed-tensors, or {Setting.Weights} with an "
                + $"unquantised config"),
        };
    }
}
