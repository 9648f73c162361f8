using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Formats;

/// <summary>The dense decoder families that the embedded trainer and the conversions know.</summary>
public enum Architecture
{
    Llama,
    Qwen2,
    Qwen3,
}

/// <summary>Llama 3.1's stretching of the rotary frequencies.</summary>
public sealed record RopeStretch(double Factor, double LowFrequencyFactor, double HighFrequencyFactor,
    int OriginalContext);

/// <summary>
/// What of a Hugging Face <c>config.json</c> decides a dense decoder's arithmetic. A setting that changes it
/// and is not known here is refused, never ignored.
/// </summary>
public sealed record ModelConfig
{
    public required Architecture Architecture { get; init; }
    public required int VocabularySize { get; init; }
    public required int HiddenSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadSize { get; init; }
    public required int FeedForwardSize { get; init; }
    public required double NormEpsilon { get; init; }
    public required double RopeTheta { get; init; }
    public RopeStretch? RopeStretch { get; init; }
    public required bool TiedEmbeddings { get; init; }
    public required int ContextTokens { get; init; }
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Whether Q, K and V have biases.</summary>
    public bool AttentionBias => Architecture == Architecture.Qwen2;

    /// <summary>Whether each head's Q and K are normalised.</summary>
    public bool HeadNorm => Architecture == Architecture.Qwen3;

    public long Parameters => (TiedEmbeddings ? 1L : 2L) * VocabularySize * HiddenSize + HiddenSize
        + Layers * PerLayer;

    long PerLayer => 2L * HiddenSize * HeadSize * (Heads + KvHeads) + 3L * HiddenSize * FeedForwardSize
        + 2L * HiddenSize
        + (AttentionBias ? (long)HeadSize * (Heads + 2 * KvHeads) : 0) + (HeadNorm ? 2L * HeadSize : 0);

    /// <exception cref="BadInputException">Missing, malformed, or a model whose arithmetic
    /// is not known.</exception>
    public static ModelConfig Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return new ConfigReader(path, document.RootElement).Read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected "
                + "a Hugging Face config.json");
        }
    }

    public string Write()
    {
        var name = Architecture.ToString();
        var root = new JsonObject
        {
            ["architectures"] = new JsonArray($"{name}ForCausalLM"),
            ["model_type"] = name.ToLowerInvariant(),
            ["vocab_size"] = VocabularySize,
            ["hidden_size"] = HiddenSize,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["head_dim"] = HeadSize,
            ["intermediate_size"] = FeedForwardSize,
            ["hidden_act"] = "silu",
            ["rms_norm_eps"] = NormEpsilon,
            ["rope_theta"] = RopeTheta,
            ["tie_word_embeddings"] = TiedEmbeddings,
            ["max_position_embeddings"] = ContextTokens,
            ["torch_dtype"] = "float32",
        };
        if (EndTokens.Count == 1)
            root["eos_token_id"] = EndTokens[0];
        else if (EndTokens.Count > 1)
            root["eos_token_id"] = JsonSerializer.SerializeToNode(EndTokens);
        if (RopeStretch is { } stretch)
        {
            root["rope_scaling"] = new JsonObject
            {
                ["rope_type"] = "llama3",
                ["factor"] = stretch.Factor,
                ["low_freq_factor"] = stretch.LowFrequencyFactor,
                ["high_freq_factor"] = stretch.HighFrequencyFactor,
                ["original_max_position_embeddings"] = stretch.OriginalContext,
            };
        }
        return root.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n";
    }

    /// <summary>Every weight's Hugging Face name and shape.</summary>
    public IEnumerable<(string Name, long[] Shape)> Weights()
    {
        yield return ("model.embed_tokens.weight", [VocabularySize, HiddenSize]);
        for (var layer = 0; layer < Layers; layer++)
        {
            var at = $"model.layers.{layer}.";
            yield return (at + "input_layernorm.weight", [HiddenSize]);
            foreach (var (projection, rows, columns) in Projections())
                yield return ($"{at}{projection}.weight", [rows, columns]);
            if (AttentionBias)
            {
                yield return (at + "self_attn.q_proj.bias", [Heads * HeadSize]);
                yield return (at + "self_attn.k_proj.bias", [KvHeads * HeadSize]);
                yield return (at + "self_attn.v_proj.bias", [KvHeads * HeadSize]);
            }
            if (HeadNorm)
            {
                yield return (at + "self_attn.q_norm.weight", [HeadSize]);
                yield return (at + "self_attn.k_norm.weight", [HeadSize]);
            }
            yield return (at + "post_attention_layernorm.weight", [HiddenSize]);
        }
        yield return ("model.norm.weight", [HiddenSize]);
        if (!TiedEmbeddings)
            yield return ("lm_head.weight", [VocabularySize, HiddenSize]);
    }

    /// <summary>The matrices of one layer, by their names within it: rows out, columns in.</summary>
    public IEnumerable<(string Name, int Rows, int Columns)> Projections()
    {
        yield return ("self_attn.q_proj", Heads * HeadSize, HiddenSize);
        yield return ("self_attn.k_proj", KvHeads * HeadSize, HiddenSize);
        yield return ("self_attn.v_proj", KvHeads * HeadSize, HiddenSize);
        yield return ("self_attn.o_proj", HiddenSize, Heads * HeadSize);
        yield return ("mlp.gate_proj", FeedForwardSize, HiddenSize);
        yield return ("mlp.up_proj", FeedForwardSize, HiddenSize);
        yield return ("mlp.down_proj", HiddenSize, FeedForwardSize);
    }
}
