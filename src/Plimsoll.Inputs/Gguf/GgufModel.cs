using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Gguf;

/// <summary>The model in a GGUF file, as the catalogue knows models.</summary>
public static class GgufModel
{
    /// <summary>
    /// Architecture of a dense decoder. One with experts, with windows or with latent attention is refused by
    /// name: what its steps cost depends on more than its tokens.
    /// </summary>
    public static ModelSpec Spec(GgufFile file)
    {
        var family = file.Architecture
            ?? throw new BadInputException($"{file.Path} does not say its architecture");
        foreach (var key in new[] { "expert_count", "attention.sliding_window", "attention.kv_lora_rank" })
        {
            if (file.Number($"{family}.{key}") is > 0 and var value)
            {
                throw new BadInputException(
                    $"{file.Path} has {key} {value} ({family}); expected a dense model, full attention");
            }
        }
        var (hidden, layers) = (Count("embedding_length"), Count("block_count"));
        var heads = Count("attention.head_count");
        var kvHeads = (int)(file.Number($"{family}.attention.head_count_kv") ?? heads);
        var headDim = (int)(file.Number($"{family}.attention.key_length") ?? hidden / heads);
        var vocabulary = file.Metadata.TryGetValue("tokenizer.ggml.tokens", out var tokens)
            && tokens is string[] names ? names.Length : 0;
        var parameters = file.Tensors.Sum(tensor => tensor.Numbers);
        return new ModelSpec
        {
            Name = file.Text("general.name") ?? System.IO.Path.GetFileNameWithoutExtension(file.Path),
            Family = family,
            Layers = layers,
            Hidden = hidden,
            Vocabulary = vocabulary,
            TiedEmbeddings = file.Find("output.weight") is null,
            NormalisesQueries = file.Find("blk.0.attn_q_norm.weight") is not null,
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Grouped,
                Heads = heads,
                KvHeads = kvHeads,
                HeadDim = headDim,
                ValueHeadDim = (int)(file.Number($"{family}.attention.value_length") ?? headDim),
                FullLayers = layers,
            },
            FeedForward = new FeedForwardSpec
            {
                Intermediate = Count("feed_forward_length"),
                DenseLayers = layers,
                Gated = file.Find("blk.0.ffn_gate.weight") is not null,
            },
            MaxContext = Count("context_length"),
            NativeWeights = Weights(file),
            Parameters = parameters,
            ActiveParameters = parameters,
            Source = System.IO.Path.GetFileName(file.Path),
            AsOf = "given",
        };

        int Count(string key) => file.Number($"{family}.{key}") is > 0 and <= int.MaxValue and var value
            ? (int)value
            : throw new BadInputException($"{file.Path} has no {family}.{key}; a whole model was expected");
    }

    /// <summary>The format of most weights, by the bytes that each takes.</summary>
    static NumberFormat Weights(GgufFile file)
    {
        var matrices = new List<TensorSpec>(file.Tensors.Where(tensor => tensor.Shape.Count > 1));
        var bits = 8.0 * matrices.Sum(tensor => tensor.Bytes)
            / Math.Max(1, matrices.Sum(tensor => tensor.Numbers));
        return bits switch
        {
            > 12 => NumberFormat.Bf16,
            > 6.7 => NumberFormat.Int8,
            _ => NumberFormat.Int4,
        };
    }
}
