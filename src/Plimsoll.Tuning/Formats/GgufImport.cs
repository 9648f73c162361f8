using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Tokenization;

namespace Plimsoll.Tuning.Formats;

/// <summary>GGUF to Hugging Face folders and PEFT adapters, so that what is served can be tuned.</summary>
public static class GgufImport
{
    /// <summary>
    /// Writes the model as a folder of F32 weights. Quantised weights become what the engine computes with.
    /// </summary>
    /// <exception cref="BadInputException">An architecture, format or tokenizer that
    /// cannot be trained.</exception>
    public static void Model(GgufFile file, string folder)
    {
        var config = Config(file);
        var template = file.Text("tokenizer.chat_template")
            ?? throw new BadInputException($"{file.Path}: no chat template; expected "
                + "tokenizer.chat_template");
        var tensors = config.Weights().Select(w => Weight(file, config, w.Name, w.Shape)).ToList();
        ModelFolder.WriteParts(folder, config, Tokenizer(file), template);
        using var stream = File.Create(Path.Combine(folder, ModelFolder.WeightsFile));
        Safetensors.Write(stream, tensors, new Dictionary<string, string>
        {
            ["format"] = "pt",
            [ModelFolder.IdentityKey] = file.Text(AdapterIdentity.WeightsKey) ?? file.WeightHash(),
        });
    }

    /// <summary>Writes a LoRA as a PEFT folder.</summary>
    public static void Adapter(GgufFile adapter, ModelFolder model, string folder)
    {
        if (adapter.Text("general.type") != "adapter" || adapter.Text("adapter.type") != "lora")
            throw new BadInputException($"{adapter.Path}: no LoRA adapter");
        var tensors = new List<NamedTensor>();
        var targets = new SortedSet<string>(StringComparer.Ordinal);
        var rank = 0;
        foreach (var (name, _) in model.Config.Weights().Where(w => w.Shape.Length == 2))
        {
            var stem = name[..^".weight".Length];
            if (adapter.Find(GgufNames.Of(name) + ".lora_a") is not { } a
                || adapter.Find(GgufNames.Of(name) + ".lora_b") is not { } b)
            {
                continue;
            }
            rank = (int)a.Shape[1];
            targets.Add(stem[(stem.LastIndexOf('.') + 1)..]);
            var heads = GgufNames.RotatedHeads(model.Config, name);
            tensors.Add(NamedTensor.Of(PeftAdapter.NameOf(stem, 'A'), [a.Shape[1], a.Shape[0]],
                adapter.ReadFloats(a)));
            tensors.Add(NamedTensor.Of(PeftAdapter.NameOf(stem, 'B'), [b.Shape[1], b.Shape[0]],
                GgufNames.Unpermute(adapter.ReadFloats(b), (int)b.Shape[1], heads)));
        }
        if (tensors.Count == 0 || tensors.Count != adapter.Tensors.Count)
        {
            throw new BadInputException($"{adapter.Path}: {adapter.Tensors.Count - tensors.Count} tensors "
                + "that are no factor of a LoRA on this base");
        }
        var alpha = adapter.Metadata.TryGetValue("adapter.lora.alpha", out var value)
            && value is float written ? written : rank;
        Directory.CreateDirectory(folder);
        var lora = new LoraConfig(rank, alpha, RankStabilised: false, [.. targets]);
        File.WriteAllText(Path.Combine(folder, PeftAdapter.ConfigFile),
            PeftAdapter.WriteConfig(lora, model.WeightHash()));
        using var stream = File.Create(Path.Combine(folder, PeftAdapter.WeightsFile));
        Safetensors.Write(stream, tensors);
    }

    static NamedTensor Weight(GgufFile file, ModelConfig config, string name, long[] shape)
    {
        var tensor = file.Find(GgufNames.Of(name))
            ?? throw new BadInputException($"{file.Path}: no tensor \"{GgufNames.Of(name)}\"");
        if (!tensor.Shape.SequenceEqual(shape.Reverse()))
        {
            throw new BadInputException($"{file.Path}: \"{tensor.Name}\" is "
                + $"{string.Join('x', tensor.Shape)}; expected {string.Join('x', shape.Reverse())}");
        }
        var values = file.ReadFloats(tensor);
        return NamedTensor.Of(name, shape, GgufNames.Unpermute(
            values, (int)shape[0], GgufNames.RotatedHeads(config, name)));
    }

    static ModelConfig Config(GgufFile file)
    {
        var architecture = file.Architecture switch
        {
            "llama" => Architecture.Llama,
            "qwen2" => Architecture.Qwen2,
            "qwen3" => Architecture.Qwen3,
            var other => throw new BadInputException($"{file.Path}: architecture {other ?? "missing"}; "
                + "expected llama, qwen2 or qwen3"),
        };
        if (file.Find("rope_freqs.weight") is not null)
        {
            throw new BadInputException($"{file.Path}: stretched rotary frequencies; expected the model's "
                + "Hugging Face folder");
        }
        int Integer(string key) => (int)(file.Number($"{file.Architecture}.{key}")
            ?? throw new BadInputException($"{file.Path}: no {file.Architecture}.{key}"));
        double Float(string key, double otherwise) =>
            file.Metadata.TryGetValue($"{file.Architecture}.{key}", out var value) && value is float number
                ? (double)(decimal)number
                : otherwise;
        var heads = Integer("attention.head_count");
        var hidden = Integer("embedding_length");
        return new ModelConfig
        {
            Architecture = architecture,
            VocabularySize = (int)file.Find("token_embd.weight")!.Shape[1],
            HiddenSize = hidden,
            Layers = Integer("block_count"),
            Heads = heads,
            KvHeads = (int)(file.Number($"{file.Architecture}.attention.head_count_kv") ?? heads),
            HeadSize = (int)(file.Number($"{file.Architecture}.attention.key_length") ?? hidden / heads),
            FeedForwardSize = Integer("feed_forward_length"),
            NormEpsilon = Float("attention.layer_norm_rms_epsilon", 1e-5),
            RopeTheta = Float("rope.freq_base", 10_000),
            TiedEmbeddings = file.Find("output.weight") is null,
            ContextTokens = Integer("context_length"),
            EndTokens = file.Number("tokenizer.ggml.eos_token_id") is { } end ? [(int)end] : [],
        };
    }

    static ByteLevelBpe Tokenizer(GgufFile file)
    {
        if (file.Text("tokenizer.ggml.model") != "gpt2"
            || !file.Metadata.TryGetValue("tokenizer.ggml.tokens", out var listed)
            || listed is not string[] tokens || !file.Metadata.TryGetValue(
                "tokenizer.ggml.merges", out var merged)
            || merged is not string[] merges)
        {
            throw new BadInputException($"{file.Path}: tokenizer "
                + $"{file.Text("tokenizer.ggml.model") ?? "missing"}; expected gpt2, a byte-level BPE");
        }
        var types = file.Metadata.TryGetValue("tokenizer.ggml.token_type", out var typed)
            && typed is int[] given ? given : [];
        var specials = Enumerable.Range(0, tokens.Length).Where(i => i < types.Length && types[i] is 3 or 4)
            .ToHashSet();
        var pairs = merges.Select(m => m.IndexOf(' ', 1) is var at and > 0
            ? (m[..at], m[(at + 1)..])
            : throw new BadInputException($"{file.Path}: merge '{m}'; expected two tokens")).ToList();
        return new ByteLevelBpe(tokens, pairs, specials,
            PreTokenizer.Named(file.Text("tokenizer.ggml.pre") ?? "gpt-2"));
    }
}
