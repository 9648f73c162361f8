using System;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Tuning.Formats;

/// <summary>
/// Hugging Face folders and PEFT adapters to GGUF, by the rules that llama.cpp's own converters follow: the
/// chat template goes in, tied output stays out, norms and biases stay F32, and every file says which weights
/// it is of.
/// </summary>
public static class GgufExport
{
    /// <summary>The base, or with a PEFT folder the two merged.</summary>
    /// <param name="format">F32, F16, BF16 or Q8_0, of the matrices.</param>
    /// <exception cref="BadInputException">An adapter that is of another base or
    /// cannot be merged.</exception>
    public static GgufWriter Model(ModelFolder model, string? adapterFolder, TensorFormat format, string name)
    {
        var config = model.Config;
        var writer = Metadata(model, name).Set(AdapterIdentity.WeightsKey, model.Identity());
        var lora = adapterFolder is null ? null : PeftAdapter.ReadConfig(adapterFolder);
        var factors = adapterFolder is null ? [] : PeftAdapter.ReadWeights(adapterFolder, lora!, config);
        if (adapterFolder is not null)
        {
            AdapterBase.Check(model, adapterFolder);
            // Merged weights are weights of their own: adapters of the base do not fit them.
            writer.Set(AdapterIdentity.WeightsKey, AdapterBase.MergedHash(model, adapterFolder));
        }
        foreach (var (weight, shape) in config.Weights())
        {
            var tensor = model.Read(weight);
            var stem = weight[..weight.LastIndexOf('.')];
            var heads = GgufNames.RotatedHeads(config, weight);
            var dimensions = shape.Reverse().ToArray();
            var type = shape.Length == 1 ? TensorFormat.F32 : Fitting(format, shape[1]);
            writer.Add(GgufNames.Of(weight), dimensions, type, () =>
            {
                var values = tensor.ToFloats();
                if (shape.Length == 2 && factors.TryGetValue(stem, out var pair))
                    LoraMerge.Add(values, pair.A.ToFloats(), pair.B.ToFloats(), lora!);
                return TensorNumbers.Encode(GgufNames.Permute(values, (int)shape[0], heads), type);
            });
        }
        if (config.RopeStretch is { } stretch)
        {
            writer.Add("rope_freqs.weight", [config.HeadSize / 2], TensorFormat.F32,
                Frequencies(config, stretch));
        }
        return writer;
    }

    /// <summary>A PEFT adapter for the base, however that is quantised.</summary>
    public static GgufWriter Adapter(ModelFolder model, string adapterFolder, string name)
    {
        var lora = PeftAdapter.ReadConfig(adapterFolder);
        var factors = PeftAdapter.ReadWeights(adapterFolder, lora, model.Config);
        AdapterBase.Check(model, adapterFolder);
        var writer = new GgufWriter(model.Config.Architecture.ToString().ToLowerInvariant())
            .Set("general.type", "adapter")
            .Set("general.name", name)
            .Set("general.base_model.count", 1u)
            .Set("general.base_model.0.name", model.WeightHash())
            .Set("adapter.type", "lora")
            // llama.cpp divides by the rank; under rsLoRA the alpha makes up for it.
            .Set("adapter.lora.alpha", (float)lora.PlainAlpha)
            .Set(AdapterIdentity.BaseKey, model.Identity())
            .Set(AdapterIdentity.TemplateKey, model.Template.Hash);
        foreach (var (weight, (a, b)) in factors)
        {
            var gguf = GgufNames.Of(weight + ".weight");
            var heads = GgufNames.RotatedHeads(model.Config, weight);
            writer.Add(gguf + ".lora_a", [a.Shape[1], a.Shape[0]], TensorFormat.F32, a.ToFloats());
            writer.Add(gguf + ".lora_b", [b.Shape[1], b.Shape[0]], TensorFormat.F32,
                GgufNames.Permute(b.ToFloats(), (int)b.Shape[0], heads));
        }
        return writer;
    }

    static GgufWriter Metadata(ModelFolder model, string name)
    {
        var config = model.Config;
        var architecture = config.Architecture.ToString().ToLowerInvariant();
        var tokens = model.Tokenizer.Tokens.ToList();
        for (var i = tokens.Count; i < config.VocabularySize; i++)
            tokens.Add($"[PAD{i}]");
        var types = Enumerable.Range(0, tokens.Count)
            .Select(i => i >= model.Tokenizer.Tokens.Count ? 5 : model.Tokenizer.Specials.Contains(i) ? 3 : 1)
                .ToArray();
        var writer = new GgufWriter(architecture)
            .Set("general.name", name)
            .Set("general.type", "model")
            .Set($"{architecture}.vocab_size", (uint)config.VocabularySize)
            .Set($"{architecture}.context_length", (uint)config.ContextTokens)
            .Set($"{architecture}.embedding_length", (uint)config.HiddenSize)
            .Set($"{architecture}.block_count", (uint)config.Layers)
            .Set($"{architecture}.feed_forward_length", (uint)config.FeedForwardSize)
            .Set($"{architecture}.rope.dimension_count", (uint)config.HeadSize)
            .Set($"{architecture}.rope.freq_base", (float)config.RopeTheta)
            .Set($"{architecture}.attention.head_count", (uint)config.Heads)
            .Set($"{architecture}.attention.head_count_kv", (uint)config.KvHeads)
            .Set($"{architecture}.attention.key_length", (uint)config.HeadSize)
            .Set($"{architecture}.attention.value_length", (uint)config.HeadSize)
            .Set($"{architecture}.attention.layer_norm_rms_epsilon", (float)config.NormEpsilon)
            .Set("tokenizer.ggml.model", "gpt2")
            .Set("tokenizer.ggml.pre", model.Tokenizer.Pre.Name)
            .Set("tokenizer.ggml.tokens", tokens.ToArray())
            .Set("tokenizer.ggml.token_type", types)
            .Set("tokenizer.ggml.merges", model.Tokenizer.Merges.Select(m => $"{m.Left} {m.Right}").ToArray())
            .Set("tokenizer.ggml.add_bos_token", false)
            .Set("tokenizer.chat_template", model.Template.Source);
        if (config.EndTokens.Count > 0)
            writer.Set("tokenizer.ggml.eos_token_id", (uint)config.EndTokens[0]);
        if (model.Tokenizer.Find("<|pad|>") is { } pad)
            writer.Set("tokenizer.ggml.padding_token_id", (uint)pad);
        return writer;
    }

    // Q8_0 stores blocks of 32 within a row; a row that does not fit is kept as F16, as llama.cpp does.
    static TensorFormat Fitting(TensorFormat format, long columns) =>
        format == TensorFormat.Q8_0 && columns % 32 != 0 ? TensorFormat.F16 : format;

    static float[] Frequencies(ModelConfig config, RopeStretch stretch)
    {
        var factors = new float[config.HeadSize / 2];
        for (var i = 0; i < factors.Length; i++)
        {
            var wave = 2 * Math.PI * Math.Pow(config.RopeTheta, 2.0 * i / config.HeadSize);
            var smooth = (stretch.OriginalContext / wave - stretch.LowFrequencyFactor)
                / (stretch.HighFrequencyFactor - stretch.LowFrequencyFactor);
            smooth = Math.Clamp(smooth, 0, 1);
            factors[i] = (float)(1 / ((1 - smooth) / stretch.Factor + smooth));
        }
        return factors;
    }
}
