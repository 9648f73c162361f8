using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Tuning.Formats;

/// <summary>Weights between Hugging Face's names and order and GGUF's.</summary>
static class GgufNames
{
    static readonly (string Hf, string Gguf)[] _inLayer =
    [
        ("input_layernorm", "attn_norm"), ("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output"),
            ("self_attn.q_norm", "attn_q_norm"),
        ("self_attn.k_norm", "attn_k_norm"), ("post_attention_layernorm", "ffn_norm"),
            ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down"),
    ];

    static readonly Dictionary<string, string> _outside = new()
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
    };

    /// <param name="weight">As <c>model.layers.3.self_attn.q_proj.weight</c> or <c>.bias</c>.</param>
    /// <returns>As <c>blk.3.attn_q.weight</c>.</returns>
    public static string Of(string weight)
    {
        var dot = weight.LastIndexOf('.');
        var (stem, kind) = (weight[..dot], weight[dot..]);
        if (_outside.TryGetValue(stem, out var outside))
            return outside + kind;
        var parts = stem.Split('.', 4);
        return $"blk.{parts[2]}.{_inLayer.First(n => n.Hf == parts[3]).Gguf}{kind}";
    }

    /// <summary>
    /// Heads whose rows must change places: architecture <c>llama</c> rotates neighbours where Hugging Face
    /// rotates halves. Zero for everything else, and for Qwen.
    /// </summary>
    public static int RotatedHeads(ModelConfig config, string weight) =>
        config.Architecture != Architecture.Llama ? 0
        : weight.Contains("self_attn.q_proj", StringComparison.Ordinal) ? config.Heads
        : weight.Contains("self_attn.k_proj", StringComparison.Ordinal) ? config.KvHeads
        : 0;

    /// <summary>
    /// Rows from Hugging Face's order to GGUF's: within a head, the i-th of each half become neighbours.
    /// </summary>
    /// <param name="values">Rows × columns.</param>
    public static float[] Permute(float[] values, int rows, int heads) =>
        Move(values, rows, heads, toGguf: true);

    /// <summary>And back.</summary>
    public static float[] Unpermute(float[] values, int rows, int heads) =>
        Move(values, rows, heads, toGguf: false);

    static float[] Move(float[] values, int rows, int heads, bool toGguf)
    {
        if (heads == 0)
            return values;
        var columns = values.Length / rows;
        var moved = new float[values.Length];
        var half = rows / heads / 2;
        for (var head = 0; head < heads; head++)
        {
            for (var i = 0; i < half; i++)
            {
                for (var side = 0; side < 2; side++)
                {
                    var halves = (head * 2 * half + side * half + i) * columns;
                    var neighbours = (head * 2 * half + 2 * i + side) * columns;
                    var (from, to) = toGguf ? (halves, neighbours) : (neighbours, halves);
                    Array.Copy(values, from, moved, to, columns);
                }
            }
        }
        return moved;
    }
}
