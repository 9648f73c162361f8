using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Tuning.Formats;

/// <summary>What of a PEFT <c>adapter_config.json</c> decides what a LoRA adds to its base.</summary>
/// <param name="RankStabilised">rsLoRA: the scale is alpha/√rank, not alpha/rank.</param>
/// <param name="Targets">Names of the matrices, such as <c>q_proj</c>, in alphabetical order.</param>
public sealed record LoraConfig(int Rank, double Alpha, bool RankStabilised, IReadOnlyList<string> Targets)
{
    public double Scale => RankStabilised ? Alpha / Math.Sqrt(Rank) : Alpha / Rank;

    /// <summary>
    /// The alpha that a reader which divides by the rank must be given for the same scale: GGUF
    /// knows only that one.
    /// </summary>
    public double PlainAlpha => Scale * Rank;
}

/// <summary>
/// A PEFT folder: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>. What would be dropped on
/// the way to an engine (DoRA, trained embeddings, saved modules, per-layer ranks) is refused by name.
/// </summary>
public static class PeftAdapter
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";

    static readonly string[] _refused =
    [
        "rank_pattern", "alpha_pattern", "layer_replication", "layers_to_transform", "modules_to_save",
            "megatron_config",
        "trainable_token_indices", "target_parameters", "exclude_modules", "eva_config", "loftq_config",
            "corda_config",
    ];

    /// <exception cref="BadInputException">Missing, malformed, or with a part that engines
    /// do not apply.</exception>
    public static LoraConfig ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigFile);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            var type = root.GetProperty("peft_type").GetString();
            if (type != "LORA")
                throw new BadInputException($"{path}: peft_type {type}; expected LORA");
            if (root.Flag("use_dora") == true)
            {
                throw new BadInputException($"{path}: DoRA; engines would drop its magnitudes, expected "
                    + "plain LoRA or rsLoRA");
            }
            if (root.Flag("fan_in_fan_out") == true || root.Flag("lora_bias") == true)
                throw new BadInputException($"{path}: fan_in_fan_out or lora_bias; expected neither");
            if (root.TryGetProperty("bias", out var bias) && bias.GetString() != "none")
                throw new BadInputException($"{path}: bias {bias}; expected none");
            foreach (var key in _refused)
            {
                if (root.TryGetProperty(key, out var value) && !IsEmpty(value))
                {
                    throw new BadInputException($"{path}: {key}; engines would drop it, "
                        + "expected plain LoRA or rsLoRA");
                }
            }
            var targets = root.GetProperty("target_modules").EnumerateArray().Select(t => t.GetString()!)
                .Order(StringComparer.Ordinal).ToList();
            var rank = root.GetProperty("r").GetInt32();
            if (rank < 1)
                throw new BadInputException($"{path}: r {rank}; expected at least 1");
            return new LoraConfig(
                rank, root.GetProperty("lora_alpha").GetDouble(), root.Flag("use_rslora") == true,
                targets);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException
            or KeyNotFoundException or FormatException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a PEFT "
                + "adapter_config.json");
        }
    }

    public static string WriteConfig(LoraConfig lora, string baseName) => new JsonObject
    {
        ["base_model_name_or_path"] = baseName,
        ["bias"] = "none",
        ["fan_in_fan_out"] = false,
        ["inference_mode"] = true,
        ["lora_alpha"] = lora.Alpha,
        ["lora_dropout"] = 0.0,
        ["modules_to_save"] = null,
        ["peft_type"] = "LORA",
        ["r"] = lora.Rank,
        ["target_modules"] = new JsonArray([.. lora.Targets.Select(t => (JsonNode)t)]),
        ["task_type"] = "CAUSAL_LM",
        ["use_dora"] = false,
        ["use_rslora"] = lora.RankStabilised,
    }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";

    /// <summary>The PEFT name of a factor of a weight's update.</summary>
    /// <param name="weight">As <c>model.layers.0.self_attn.q_proj</c>.</param>
    /// <param name="factor">A, of shape [rank, in], or B, of shape [out, rank].</param>
    public static string NameOf(string weight, char factor) =>
        $"base_model.model.{weight}.lora_{factor}.weight";

    /// <summary>Every factor, checked against the base's shapes.</summary>
    /// <returns>By the weight's name (<c>model.layers.0.self_attn.q_proj</c>): A and B.</returns>
    /// <exception cref="BadInputException">A tensor that is no LoRA factor, one missing, or a shape
    /// of another base.</exception>
    public static SortedDictionary<string, (NamedTensor A, NamedTensor B)> ReadWeights(
        string folder, LoraConfig lora, ModelConfig model)
    {
        var path = Path.Combine(folder, WeightsFile);
        using var file = new Safetensors(path);
        var shapes = model.Weights().ToDictionary(w => w.Name, w => w.Shape);
        var pairs = new SortedDictionary<string, (NamedTensor A, NamedTensor B)>(StringComparer.Ordinal);
        foreach (var name in file.Names)
        {
            if (!name.StartsWith("base_model.model.", StringComparison.Ordinal)
                || !(name.EndsWith(".lora_A.weight", StringComparison.Ordinal)
                    || name.EndsWith(".lora_B.weight", StringComparison.Ordinal)))
            {
                throw new BadInputException($"{path}: '{name}' is no factor of a "
                    + "LoRA; engines would drop it");
            }
            var weight = name["base_model.model.".Length..^".lora_A.weight".Length];
            if (pairs.ContainsKey(weight))
                continue;
            if (!shapes.TryGetValue(weight + ".weight", out var shape) || shape.Length != 2)
                throw new BadInputException($"{path}: '{weight}' is no matrix of the base");
            if (weight.EndsWith("embed_tokens", StringComparison.Ordinal) || weight == "lm_head")
            {
                throw new BadInputException($"{path}: '{weight}' is adapted; expected "
                    + "matrices of the layers only");
            }
            var (a, b) = (file.Read(NameOf(weight, 'A')), file.Read(NameOf(weight, 'B')));
            if (!a.Shape.SequenceEqual([lora.Rank, shape[1]])
                || !b.Shape.SequenceEqual([shape[0], lora.Rank]))
            {
                throw new BadInputException($"{path}: '{weight}' has A "
                    + $"[{string.Join(", ", a.Shape)}] and B [{string.Join(", ", b.Shape)}]; "
                    + $"expected rank {lora.Rank} on [{shape[0]}, {shape[1]}]");
            }
            pairs.Add(weight, (a, b));
        }
        return pairs.Count > 0 ? pairs : throw new BadInputException($"{path}: no factor of a LoRA");
    }

    static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.String => value.GetString() == "",
        _ => false,
    };
}
