using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// Keys of a Hugging Face <c>config.json</c>, with one clear line for each way they can be wrong. A
/// multimodal model keeps its language model under <c>text_config</c>; a key is looked up there first.
/// </summary>
sealed class ConfigJson
{
    const string Expected = "a Hugging Face config.json";

    readonly JsonElement _root;
    readonly JsonElement _text;

    ConfigJson(string path, JsonElement root)
    {
        Path = path;
        _root = root;
        _text = root.TryGetProperty("text_config", out var text) && text.ValueKind == JsonValueKind.Object
            ? text : root;
    }

    public string Path { get; }

    public static ConfigJson Load(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(SmallFile.ReadText(path, Expected));
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ConfigJson(path, document.RootElement.Clone())
                : throw new BadInputException($"{path}: expected a JSON object, the config.json of a model");
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{path}, line {e.LineNumber + 1}: malformed JSON; expected the config.json of a model");
        }
    }

    public bool TryGet(string key, out JsonElement value) =>
        (_text.TryGetProperty(key, out value) || _root.TryGetProperty(key, out value))
        && value.ValueKind != JsonValueKind.Null;

    public bool Has(string key) => TryGet(key, out _);

    public string? Text(string key) =>
        TryGet(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>The model type of the language model.</summary>
    public string ModelType =>
        (_text.TryGetProperty("model_type", out var type) || _root.TryGetProperty("model_type", out type))
        && type.ValueKind == JsonValueKind.String
            ? type.GetString()!
            : throw new BadInputException(
                $"{Path}: key model_type is missing; expected a Hugging Face config.json");

    /// <summary>A count of at least 1 that must be there.</summary>
    public int Count(string key) => Has(key)
        ? Whole(key, 1)
        : throw new BadInputException($"{Path}: key {key} is missing; a model of type {ModelType} needs it");

    /// <summary>A count of at least 0, or the family's default.</summary>
    public int Count(string key, int otherwise) => Has(key) ? Whole(key, 0) : otherwise;

    /// <summary>Entries of a list; 0 when there is none.</summary>
    public int Length(string key) =>
        TryGet(key, out var value) && value.ValueKind == JsonValueKind.Array ? value.GetArrayLength() : 0;

    public bool Flag(string key, bool otherwise)
    {
        if (!TryGet(key, out var value))
            return otherwise;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw new BadInputException($"{Path}: key {key} is {value}; expected true or false"),
        };
    }

    int Whole(string key, int least)
    {
        TryGet(key, out var value);
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            && number >= least && number <= 100_000_000
                ? number
                : throw new BadInputException(
                    $"{Path}: key {key} is {value}; expected a whole number of at least {least}");
    }
}
