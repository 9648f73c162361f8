using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Tokenization;

/// <summary>Hugging Face's <c>tokenizer.json</c>, of byte-level BPE models.</summary>
public static class TokenizerFile
{
    /// <summary>Sixteen times the largest vocabularies that are trained.</summary>
    const int MostTokens = 1 << 22;

    const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    const string LlamaPattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <exception cref="BadInputException">Not a byte-level BPE of a known pre-tokenizer.</exception>
    public static ByteLevelBpe Read(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return Read(path, document.RootElement);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException
            or IndexOutOfRangeException or ArgumentException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a tokenizer.json with "
                + "a byte-level BPE");
        }
    }

    static ByteLevelBpe Read(string path, JsonElement root)
    {
        var model = root.GetProperty("model");
        if (model.TryGetProperty("type", out var type) && type.GetString() != "BPE")
            throw new BadInputException($"{path}: a {type.GetString()} tokenizer; expected a byte-level BPE");
        if (root.TryGetProperty("normalizer", out var normalizer)
            && normalizer.ValueKind == JsonValueKind.Object
            && normalizer.GetProperty("type").GetString() != "NFC")
        {
            throw new BadInputException($"{path}: a {normalizer.GetProperty("type")} "
                + "normalizer; expected none or NFC");
        }
        var vocabulary = model.GetProperty("vocab").EnumerateObject()
            .ToDictionary(t => t.Name, t => t.Value.GetInt32());
        var specials = new HashSet<int>();
        if (root.TryGetProperty("added_tokens", out var added))
        {
            foreach (var token in added.EnumerateArray())
            {
                var id = token.GetProperty("id").GetInt32();
                vocabulary[token.GetProperty("content").GetString()!] = id;
                specials.Add(id);
            }
        }
        if (vocabulary.Values.Max() >= MostTokens)
        {
            throw new BadInputException(
                $"{path}: a token of id {vocabulary.Values.Max()}; expected below {MostTokens}");
        }
        var tokens = new string[vocabulary.Values.Max() + 1];
        foreach (var (text, id) in vocabulary)
            tokens[id] = text;
        for (var i = 0; i < tokens.Length; i++)
            tokens[i] ??= $"[unused{i}]";
        var merges = model.GetProperty("merges").EnumerateArray().Select(Pair).ToList();
        return new ByteLevelBpe(tokens, merges, specials, PreOf(path, root));
    }

    static (string, string) Pair(JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array)
            return (merge[0].GetString()!, merge[1].GetString()!);
        var parts = merge.GetString()!.Split(' ');
        return (parts[0], parts[1]);
    }

    static PreTokenizer PreOf(string path, JsonElement root)
    {
        var steps = new List<JsonElement>();
        if (root.TryGetProperty("pre_tokenizer", out var pre) && pre.ValueKind == JsonValueKind.Object)
        {
            if (pre.TryGetProperty("pretokenizers", out var several))
                steps.AddRange(several.EnumerateArray());
            else
                steps.Add(pre);
        }
        foreach (var step in steps)
        {
            if (step.GetProperty("type").GetString() != "Split")
                continue;
            var pattern = step.GetProperty("pattern").GetProperty("Regex").GetString();
            return pattern switch
            {
                LlamaPattern => PreTokenizer.LlamaBpe,
                Qwen2Pattern => PreTokenizer.Qwen2,
                Gpt2Pattern => PreTokenizer.Gpt2,
                _ => throw new BadInputException($"{path}: an unknown pre-tokenizer; expected that of "
                    + "gpt-2, llama-bpe or qwen2"),
            };
        }
        if (steps.Any(s => s.GetProperty("type").GetString() == "ByteLevel"))
            return PreTokenizer.Gpt2;
        throw new BadInputException($"{path}: no byte-level pre-tokenizer; expected that of gpt-2, "
            + "llama-bpe or qwen2");
    }

    /// <summary>The same vocabulary gives the same bytes.</summary>
    public static string Write(ByteLevelBpe tokenizer)
    {
        var vocabulary = new JsonObject();
        var added = new JsonArray();
        for (var id = 0; id < tokenizer.Tokens.Count; id++)
        {
            if (tokenizer.Specials.Contains(id))
                added.Add(Special(id, tokenizer.Tokens[id]));
            else
                vocabulary[tokenizer.Tokens[id]] = id;
        }
        var merges = tokenizer.Merges.Select(m => (JsonNode)new JsonArray(m.Left, m.Right)).ToArray();
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = PreNode(tokenizer.Pre),
            ["post_processor"] = null,
            ["decoder"] = ByteLevelNode(tokenizer.Pre),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["byte_fallback"] = false,
                ["ignore_merges"] = tokenizer.Pre == PreTokenizer.LlamaBpe,
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(merges),
            },
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = false });
    }

    static JsonObject Special(int id, string text) => new()
    {
        ["id"] = id,
        ["content"] = text,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    static JsonObject ByteLevelNode(PreTokenizer pre) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = pre == PreTokenizer.Gpt2,
    };

    static JsonObject PreNode(PreTokenizer pre)
    {
        if (pre == PreTokenizer.Gpt2)
            return ByteLevelNode(pre);
        var split = new JsonObject
        {
            ["type"] = "Split",
            ["pattern"] = new JsonObject
            {
                ["Regex"] = pre == PreTokenizer.LlamaBpe ? LlamaPattern : Qwen2Pattern,
            },
            ["behavior"] = "Isolated",
            ["invert"] = false,
        };
        return new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(split, ByteLevelNode(pre)),
        };
    }
}
