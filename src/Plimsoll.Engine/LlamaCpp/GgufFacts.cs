using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>What a GGUF file says of its model, held against what libllama takes for granted.</summary>
public sealed record GgufFacts
{
    public required string Architecture { get; init; }

    public required string Name { get; init; }

    /// <summary>What the file says it is; null when it says nothing.</summary>
    public string? Description { get; init; }

    public required int Layers { get; init; }

    /// <summary>The Jinja template that makes a prompt of a chat; null where there is none.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Bytes of KV that a token takes; null where the file's layers differ.</summary>
    public long? KvTokenBytes { get; init; }

    /// <summary>Bytes of all tensors.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>
    /// Reads a model's facts. Refuses what libllama would load and then divide by, index with or assert on:
    /// a file without a tokenizer, counts that are zero or absurd, an adapter in place of a model.
    /// </summary>
    public static GgufFacts OfModel(GgufFile file)
    {
        var architecture = file.Architecture
            ?? throw Bad(file, "does not say its architecture (general.architecture)");
        if (file.Text("general.type") is { } type && type != "model")
            throw Bad(file, $"is of the type \"{Shown(type)}\", not a model");
        if (file.Tensors.Count == 0)
            throw Bad(file, "holds no tensors");
        foreach (var key in new[] { "embedding_length", "block_count", "context_length" })
            Count(file, $"{architecture}.{key}");
        foreach (var key in new[] { "attention.head_count", "attention.head_count_kv" })
        {
            if (file.Metadata.TryGetValue($"{architecture}.{key}", out var value) && value is not Array)
                Count(file, $"{architecture}.{key}");
        }
        CheckNumbers(file, architecture);
        CheckNorms(file);
        CheckTokenizer(file);
        return new GgufFacts
        {
            Architecture = architecture,
            Name = file.Text("general.name") ?? System.IO.Path.GetFileNameWithoutExtension(file.Path),
            Description = file.Text("general.description"),
            Layers = (int)file.Number($"{architecture}.block_count")!,
            ChatTemplate = file.Text("tokenizer.chat_template"),
            KvTokenBytes = KvBytes(file, architecture),
            WeightBytes = file.Tensors.Sum(tensor => tensor.Bytes),
        };
    }

    static long? KvBytes(GgufFile file, string architecture)
    {
        const int ElementBytes = 2;
        long? Of(string key) => file.Number($"{architecture}.{key}");
        if (Of("attention.head_count") is not { } heads)
            return null;
        var kvHeads = file.Metadata.ContainsKey($"{architecture}.attention.head_count_kv")
            ? Of("attention.head_count_kv") : heads;
        var usual = Of("embedding_length") / heads;
        return ElementBytes * Of("block_count") * kvHeads
            * ((Of("attention.key_length") ?? usual) + (Of("attention.value_length") ?? usual));
    }

    static void Count(GgufFile file, string key)
    {
        if (file.Number(key) is not > 0 and not null || file.Number(key) > 1 << 24
            || (file.Number(key) is null && !key.Contains("head_count")))
        {
            throw Bad(file, $"gives {key} as {file.Number(key)?.ToString() ?? "nothing"}");
        }
    }

    /// <summary>
    /// Numbers that a step is computed with: one that is not finite makes every logit so, and libllama
    /// asserts that an epsilon is not negative.
    /// </summary>
    static void CheckNumbers(GgufFile file, string architecture)
    {
        foreach (var (key, value) in file.Metadata)
        {
            if (!key.StartsWith(architecture + ".", StringComparison.Ordinal)
                || value is not (float or double))
            {
                continue;
            }
            var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
            var isNeverNegative = key.EndsWith("epsilon", StringComparison.Ordinal)
                || key.EndsWith("rope.scaling.factor", StringComparison.Ordinal)
                || key.EndsWith("rope.scale_linear", StringComparison.Ordinal);
            var isPositive = key.Contains("rope.freq_base", StringComparison.Ordinal);
            if (!double.IsFinite(number) || (isNeverNegative && number < 0) || (isPositive && number <= 0))
                throw Bad(file, FormattableString.Invariant($"gives {Shown(key)} as {number}"));
        }
    }

    /// <summary>A norm is multiplied as it is stored, and ggml asserts that it is stored in F32.</summary>
    static void CheckNorms(GgufFile file)
    {
        foreach (var tensor in file.Tensors)
        {
            if (tensor.Name.EndsWith("norm.weight", StringComparison.Ordinal)
                && tensor.Format != TensorFormat.F32)
            {
                throw Bad(file, $"stores the norm \"{Shown(tensor.Name)}\" as {tensor.Format}, not F32");
            }
        }
    }

    static void CheckTokenizer(GgufFile file)
    {
        if (file.Text("tokenizer.ggml.model") is not { } model || model is "none" or "no_vocab")
            throw Bad(file, "has no tokenizer (tokenizer.ggml.model)");
        if (!file.Metadata.TryGetValue("tokenizer.ggml.tokens", out var tokens)
            || tokens is not string[] { Length: > 0 } names)
        {
            throw Bad(file, "has no tokens (tokenizer.ggml.tokens)");
        }
        CheckTokens(file, names);
        foreach (var key in new[] { "bos", "eos", "padding", "unknown", "eot", "separator" })
        {
            if (file.Number($"tokenizer.ggml.{key}_token_id") is { } id && id != uint.MaxValue
                && (id < 0 || id >= names.Length))
            {
                throw Bad(file, $"names token {id} as its {key} token, of {names.Length}");
            }
        }
    }

    /// <summary>
    /// libllama asserts that no two tokens are equal. It reads each up to a NUL and names empty ones itself;
    /// what is no UTF-8 reads as one character here, whatever it was.
    /// </summary>
    static void CheckTokens(GgufFile file, string[] names)
    {
        var seen = new Dictionary<string, int>(names.Length, StringComparer.Ordinal);
        for (var token = 0; token < names.Length; token++)
        {
            var nul = names[token].IndexOf('\0');
            var name = nul < 0 ? names[token] : names[token][..nul];
            if (name.Length > 0 && !name.Contains('\uFFFD') && !seen.TryAdd(name, token))
                throw Bad(file, $"has token {token} equal to token {seen[name]}, \"{Shown(name)}\"");
        }
    }

    internal static string Shown(string text) =>
        string.Concat(text.Take(60).Select(character => char.IsControl(character) ? '?' : character));

    static BadInputException Bad(GgufFile file, string problem) =>
        new($"{file.Path} {problem}; a whole model in GGUF was expected");
}
