using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Tokenization;

namespace Plimsoll.Tuning.Formats;

/// <summary>
/// A Hugging Face folder: config, tokenizer, chat template, weights in one file or several.
/// </summary>
public sealed class ModelFolder : IDisposable
{
    public const string WeightsFile = "model.safetensors";
    public const string TemplateFile = "chat_template.jinja";

    /// <summary>In the weights' metadata: the identity of the file that they were imported from.</summary>
    public const string IdentityKey = "plimsoll.identity_sha256";

    readonly List<Safetensors> _files = [];
    readonly Dictionary<string, Safetensors> _fileOf = new(StringComparer.Ordinal);

    ModelFolder(string path, ModelConfig config, ByteLevelBpe tokenizer, ChatTemplate template)
    {
        Path = path;
        Config = config;
        Tokenizer = tokenizer;
        Template = template;
    }

    public string Path { get; }
    public ModelConfig Config { get; }
    public ByteLevelBpe Tokenizer { get; }
    public ChatTemplate Template { get; }
    public bool HasWeights => _files.Count > 0;

    public string TokenizerHash => CanonicalJson.HashOfBytes(
        File.ReadAllBytes(System.IO.Path.Combine(Path, "tokenizer.json")));

    public Renderer Renderer => new(Template, Tokenizer, Config.EndTokens);

    /// <exception cref="BadInputException">A part is missing, malformed or not supported.</exception>
    public static ModelFolder Open(string path)
    {
        if (!Directory.Exists(path))
            throw new BadInputException($"{path}: no such folder; expected a Hugging Face model");
        var config = ModelConfig.Read(System.IO.Path.Combine(path, "config.json"));
        var tokenizer = TokenizerFile.Read(System.IO.Path.Combine(path, "tokenizer.json"));
        if (tokenizer.Tokens.Count > config.VocabularySize)
        {
            throw new BadInputException($"{path}: {tokenizer.Tokens.Count} tokens for a vocabulary of "
                + $"{config.VocabularySize}");
        }
        var folder = new ModelFolder(path, config, tokenizer, ChatTemplate.Of(TemplateOf(path)));
        try
        {
            folder.OpenWeights();
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public NamedTensor Read(string weight) => _fileOf.TryGetValue(weight, out var file)
        ? file.Read(weight)
        : throw new BadInputException($"{Path}: no tensor '{weight}'");

    /// <summary>
    /// SHA-256 over every tensor in order of name: name, type, shape, bytes. The same however the weights are
    /// cut into files.
    /// </summary>
    public string WeightHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in _fileOf.Keys.Order(StringComparer.Ordinal))
        {
            var tensor = _fileOf[name].Read(name);
            hash.AppendData(Encoding.UTF8.GetBytes(
                $"{name}\0{tensor.Type}\0{string.Join(",", tensor.Shape)}\0"));
            hash.AppendData(tensor.Bytes.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// By which engines know these weights, however they are quantised: that of the file they were imported
    /// from, else <see cref="WeightHash"/>.
    /// </summary>
    public string Identity() => _files.Select(f => f.Metadata.GetValueOrDefault(IdentityKey))
        .FirstOrDefault(i => i is not null) ?? WeightHash();

    /// <summary>Writes all but the weights.</summary>
    public static void WriteParts(string path, ModelConfig config, ByteLevelBpe tokenizer, string template)
    {
        Directory.CreateDirectory(path);
        File.WriteAllText(System.IO.Path.Combine(path, "config.json"), config.Write());
        File.WriteAllText(System.IO.Path.Combine(path, "tokenizer.json"), TokenizerFile.Write(tokenizer));
        File.WriteAllText(System.IO.Path.Combine(path, TemplateFile), template);
        var end = config.EndTokens.Count > 0 ? tokenizer.Tokens[config.EndTokens[0]] : null;
        File.WriteAllText(System.IO.Path.Combine(path, "tokenizer_config.json"), new JsonObject
        {
            ["add_bos_token"] = false,
            ["chat_template"] = template,
            ["eos_token"] = end,
            ["model_max_length"] = config.ContextTokens,
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
        }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    public void Dispose() => _files.ForEach(f => f.Dispose());

    void OpenWeights()
    {
        var index = System.IO.Path.Combine(Path, WeightsFile + ".index.json");
        string[] names = File.Exists(index) ? Shards(index)
            : File.Exists(System.IO.Path.Combine(Path, WeightsFile)) ? [WeightsFile] : [];
        foreach (var name in names)
        {
            var file = new Safetensors(System.IO.Path.Combine(Path, name));
            _files.Add(file);
            foreach (var tensor in file.Names)
                _fileOf[tensor] = file;
        }
        if (names.Length == 0)
            return;
        foreach (var (name, shape) in Config.Weights())
        {
            if (!_fileOf.TryGetValue(name, out var file))
                throw new BadInputException($"{Path}: no tensor '{name}'");
            if (!file.ShapeOf(name).SequenceEqual(shape))
            {
                throw new BadInputException($"{Path}: '{name}' is [{string.Join(", ", file.ShapeOf(name))}]; "
                    + $"expected [{string.Join(", ", shape)}]");
            }
        }
    }

    static string[] Shards(string index)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(index));
            var names = document.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(w => w.Value.GetString()!)
                .Distinct().Order(StringComparer.Ordinal).ToArray();
            return names.Any(n => n != System.IO.Path.GetFileName(n))
                ? throw new BadInputException($"{index}: a file outside the folder")
                : names;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new BadInputException($"{index}: {e.Message.TrimEnd('.')}; expected a weight map");
        }
    }

    static string TemplateOf(string path)
    {
        var own = System.IO.Path.Combine(path, TemplateFile);
        if (File.Exists(own))
            return File.ReadAllText(own);
        var config = System.IO.Path.Combine(path, "tokenizer_config.json");
        if (File.Exists(config))
        {
            using var document = Json(config);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("chat_template", out var template)
                && template.ValueKind == JsonValueKind.String)
            {
                return template.GetString()!;
            }
        }
        throw new BadInputException($"{path}: no chat template; expected {TemplateFile} or chat_template in "
            + "tokenizer_config.json");
    }

    static JsonDocument Json(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException e)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected JSON");
        }
    }
}
