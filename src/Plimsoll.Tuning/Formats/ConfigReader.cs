using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Formats;

/// <summary>Reads a <c>config.json</c>, key by key, and refuses what it does not know.</summary>
sealed class ConfigReader(string path, JsonElement root)
{
    public ModelConfig Read()
    {
        var type = root.TryGetProperty("model_type", out var named) ? named.GetString() : null;
        var architecture = type switch
        {
            "llama" => Architecture.Llama,
            "qwen2" => Architecture.Qwen2,
            "qwen3" => Architecture.Qwen3,
            _ => throw new BadInputException($"{path}: model_type {type ?? "missing"}; "
                + "expected llama, qwen2 or qwen3"),
        };
        Refuse("hidden_act", value => value.GetString() != "silu", "silu");
        Refuse("mlp_bias", value => value.GetBoolean(), "false");
        if (architecture != Architecture.Qwen2)
            Refuse("attention_bias", value => value.GetBoolean(), "false");
        Refuse("use_sliding_window", value => value.GetBoolean(), "false");
        Refuse("quantization_config", value => value.ValueKind != JsonValueKind.Null, "an unquantised model");
        var heads = Integer("num_attention_heads");
        var hidden = Integer("hidden_size");
        var config = new ModelConfig
        {
            Architecture = architecture,
            VocabularySize = Integer("vocab_size"),
            HiddenSize = hidden,
            Layers = Integer("num_hidden_layers"),
            Heads = heads,
            KvHeads = Has("num_key_value_heads") ? Integer("num_key_value_heads") : heads,
            HeadSize = Has("head_dim") ? Integer("head_dim") : hidden / heads,
            FeedForwardSize = Integer("intermediate_size"),
            NormEpsilon = Has("rms_norm_eps") ? root.GetProperty("rms_norm_eps").GetDouble() : 1e-6,
            RopeTheta = Theta(),
            RopeStretch = Stretch(),
            TiedEmbeddings = Has("tie_word_embeddings")
                && root.GetProperty("tie_word_embeddings").GetBoolean(),
            ContextTokens = Integer("max_position_embeddings"),
            EndTokens = Ends(),
        };
        if (config.Heads % config.KvHeads != 0 || config.HeadSize % 2 != 0)
        {
            throw new BadInputException($"{path}: {config.Heads} heads on {config.KvHeads} KV heads of "
                + $"{config.HeadSize}; expected whole groups of an even size");
        }
        return config;
    }

    bool Has(string key) => root.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    int Integer(string key)
    {
        if (!Has(key) || !root.GetProperty(key).TryGetInt32(out var value) || value < 1)
            throw new BadInputException($"{path}: {key} is missing or no whole number above 0");
        return value;
    }

    void Refuse(string key, System.Func<JsonElement, bool> wrong, string expected)
    {
        if (Has(key) && wrong(root.GetProperty(key)))
        {
            throw new BadInputException($"{path}: {key} {root.GetProperty(key).GetRawText()} is not "
                + $"supported; expected {expected}");
        }
    }

    double Theta()
    {
        if (Has("rope_theta"))
            return root.GetProperty("rope_theta").GetDouble();
        return Has("rope_parameters") && root.GetProperty("rope_parameters")
            .TryGetProperty("rope_theta", out var theta)
            ? theta.GetDouble()
            : 10_000;
    }

    RopeStretch? Stretch()
    {
        var key = Has("rope_scaling") ? "rope_scaling" : "rope_parameters";
        if (!Has(key))
            return null;
        var scaling = root.GetProperty(key);
        var type = scaling.TryGetProperty("rope_type", out var kind)
            || scaling.TryGetProperty("type", out kind)
            ? kind.GetString()
            : "default";
        if (type == "default")
            return null;
        if (type != "llama3")
        {
            throw new BadInputException($"{path}: rope scaling {type} is not supported; "
                + "expected default or llama3");
        }
        return new RopeStretch(
            scaling.GetProperty("factor").GetDouble(), scaling.GetProperty("low_freq_factor").GetDouble(),
            scaling.GetProperty("high_freq_factor").GetDouble(),
                scaling.GetProperty("original_max_position_embeddings").GetInt32());
    }

    List<int> Ends()
    {
        var ends = new List<int>();
        if (!Has("eos_token_id"))
            return ends;
        var value = root.GetProperty("eos_token_id");
        if (value.ValueKind == JsonValueKind.Number)
        {
            ends.Add(value.GetInt32());
        }
        else
        {
            foreach (var end in value.EnumerateArray())
                ends.Add(end.GetInt32());
        }
        return ends;
    }
}
