using System;
using System.Collections.Generic;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// A dense decoder of the Llama, Qwen2 or Qwen3 family, in plain tensor operations, with or without a LoRA.
/// Norms, rotations and the residual stream stay in float32; matrices multiply in the given precision.
/// </summary>
sealed class Decoder
{
    readonly ModelConfig _config;
    readonly Dictionary<string, Tensor> _weights;
    readonly LoraWeights? _lora;
    readonly ScalarType _type;
    readonly Dictionary<string, Tensor> _frozen = new(StringComparer.Ordinal);
    readonly Tensor _cosines;
    readonly Tensor _sines;

    public Decoder(ModelConfig config, Dictionary<string, Tensor> weights, LoraWeights? lora,
        Precision precision, int mostTokens)
    {
        _config = config;
        _weights = weights;
        _lora = lora;
        _type = precision == Precision.Bf16 ? ScalarType.BFloat16 : ScalarType.Float32;
        (_cosines, _sines) = Rotations(config, mostTokens);
    }

    /// <summary>Keys and values of one layer, [rows, KV heads, tokens, head size].</summary>
    public sealed class KvCache(int layers)
    {
        public Tensor?[] Keys { get; } = new Tensor?[layers];
        public Tensor?[] Values { get; } = new Tensor?[layers];
    }

    /// <param name="tokens">[rows, length].</param>
    /// <param name="positions">[rows × length].</param>
    /// <param name="mask">Whether a query sees a key, [rows, 1, length, keys]; null is plain causal.</param>
    /// <returns>Hidden states after the last norm, [rows × length, hidden], float32.</returns>
    public Tensor Hidden(Tensor tokens, Tensor positions, Tensor? mask, KvCache? cache = null)
    {
        var (rows, length) = (tokens.shape[0], tokens.shape[1]);
        var x = _weights["model.embed_tokens.weight"].index_select(0, tokens.reshape(-1)).reshape(
            rows, length, _config.HiddenSize);
        var cosines = _cosines.index_select(0, positions).reshape(rows, 1, length, _config.HeadSize);
        var sines = _sines.index_select(0, positions).reshape(rows, 1, length, _config.HeadSize);
        for (var layer = 0; layer < _config.Layers; layer++)
        {
            var at = $"model.layers.{layer}.";
            var attended = Attention(Norm(x, at + "input_layernorm.weight"), layer, cosines, sines, mask,
                cache);
            x = x + attended;
            var normed = Norm(x, at + "post_attention_layernorm.weight").to(_type);
            var gate = Project(normed, at + "mlp.gate_proj");
            var up = Project(normed, at + "mlp.up_proj");
            x = x + Project(silu(gate) * up, at + "mlp.down_proj").to(ScalarType.Float32);
        }
        return Norm(x, "model.norm.weight").reshape(-1, _config.HiddenSize);
    }

    /// <param name="hidden">[tokens, hidden].</param>
    /// <returns>[tokens, vocabulary], float32.</returns>
    public Tensor Logits(Tensor hidden) =>
        linear(hidden.to(_type), InType(OutputName)).to(ScalarType.Float32);

    /// <summary>[vocabulary, hidden], float32.</summary>
    public Tensor OutputMatrix => _weights[OutputName];

    string OutputName => _config.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";

    Tensor Attention(Tensor x, int layer, Tensor cosines, Tensor sines, Tensor? mask, KvCache? cache)
    {
        var at = $"model.layers.{layer}.self_attn.";
        var (rows, length) = (x.shape[0], x.shape[1]);
        x = x.to(_type);
        var q = Heads(Project(x, at + "q_proj"), _config.Heads, at + "q_norm.weight");
        var k = Heads(Project(x, at + "k_proj"), _config.KvHeads, at + "k_norm.weight");
        var v = Project(x, at + "v_proj").reshape(rows, length, _config.KvHeads, _config.HeadSize).transpose(
            1, 2);
        q = Rotate(q, cosines, sines).to(_type);
        k = Rotate(k, cosines, sines).to(_type);
        if (cache is not null)
        {
            k = cache.Keys[layer] is { } keys ? cat([keys, k], 2) : k;
            v = cache.Values[layer] is { } values ? cat([values, v], 2) : v;
            cache.Keys[layer] = k;
            cache.Values[layer] = v;
        }
        var shared = _config.Heads / _config.KvHeads;
        if (shared > 1)
        {
            k = k.repeat_interleave(shared, 1);
            v = v.repeat_interleave(shared, 1);
        }
        var attended = scaled_dot_product_attention(q, k, v, mask, is_casual: mask is null && length > 1);
        var joined = attended.transpose(1, 2).reshape(rows, length, _config.Heads * _config.HeadSize);
        return Project(joined, at + "o_proj").to(ScalarType.Float32);
    }

    // [rows, length, heads × size] → [rows, heads, length, size], normalised where the family does so.
    Tensor Heads(Tensor x, int heads, string norm)
    {
        x = x.reshape(x.shape[0], x.shape[1], heads, _config.HeadSize).to(ScalarType.Float32);
        if (_config.HeadNorm)
            x = Norm(x, norm);
        return x.transpose(1, 2);
    }

    Tensor Project(Tensor x, string name)
    {
        var bias = _weights.ContainsKey(name + ".bias") ? InType(name + ".bias") : null;
        var y = linear(x, InType(name + ".weight"), bias);
        if (_lora is null || !_lora.Factors.TryGetValue(PeftAdapter.NameOf(name, 'A'), out var a))
            return y;
        var b = _lora.Factors[PeftAdapter.NameOf(name, 'B')];
        return y + linear(linear(x, a.to(_type)), b.to(_type)) * _lora.Config.Scale;
    }

    // A frozen weight is rounded once and kept; a trained one is rounded at every use, and gradients pass.
    Tensor InType(string name)
    {
        var weight = _weights[name];
        if (_type == ScalarType.Float32)
            return weight;
        if (weight.requires_grad)
            return weight.to(_type);
        if (!_frozen.TryGetValue(name, out var rounded))
            _frozen[name] = rounded = weight.to(_type).DetachFromDisposeScope();
        return rounded;
    }

    Tensor Norm(Tensor x, string name)
    {
        var scale = rsqrt(x.pow(2).mean([-1], keepdim: true) + _config.NormEpsilon);
        return x * scale * _weights[name];
    }

    static Tensor Rotate(Tensor x, Tensor cosines, Tensor sines)
    {
        var half = x.shape[^1] / 2;
        var turned = cat([-x.narrow(-1, half, half), x.narrow(-1, 0, half)], -1);
        return x * cosines + turned * sines;
    }

    static (Tensor Cosines, Tensor Sines) Rotations(ModelConfig config, int tokens)
    {
        var half = config.HeadSize / 2;
        var cosines = new float[tokens * config.HeadSize];
        var sines = new float[tokens * config.HeadSize];
        for (var i = 0; i < half; i++)
        {
            var frequency = Stretched(config.RopeStretch,
                Math.Pow(config.RopeTheta, -2.0 * i / config.HeadSize));
            for (var position = 0; position < tokens; position++)
            {
                var (sine, cosine) = Math.SinCos(position * frequency);
                var at = position * config.HeadSize + i;
                cosines[at] = cosines[at + half] = (float)cosine;
                sines[at] = sines[at + half] = (float)sine;
            }
        }
        return (tensor(cosines, [tokens, config.HeadSize]), tensor(sines, [tokens, config.HeadSize]));
    }

    static double Stretched(RopeStretch? stretch, double frequency)
    {
        if (stretch is null)
            return frequency;
        var wave = 2 * Math.PI / frequency;
        if (wave < stretch.OriginalContext / stretch.HighFrequencyFactor)
            return frequency;
        if (wave > stretch.OriginalContext / stretch.LowFrequencyFactor)
            return frequency / stretch.Factor;
        var smooth = (stretch.OriginalContext / wave - stretch.LowFrequencyFactor)
            / (stretch.HighFrequencyFactor - stretch.LowFrequencyFactor);
        return (1 - smooth) * frequency / stretch.Factor + smooth * frequency;
    }
}
