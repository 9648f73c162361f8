using System;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Plimsoll.Server.Serving;

/// <summary>Reads fields of a request; a wrong one names its parameter, as OpenAI's errors do.</summary>
public static class JsonBody
{
    /// <summary>
    /// A key that is there twice would mean one thing here and another at an upstream: it is refused.
    /// </summary>
    static readonly JsonDocumentOptions _options = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>One JSON object whose every text can be read; another is the client's error.</summary>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
            throw ApiException.Bad("The body of your request is not UTF-8.", null, "invalid_json");
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(utf8, _options);
        }
        catch (JsonException e)
        {
            throw ApiException.Bad(
                $"We could not parse the JSON body of your request (line {e.LineNumber + 1}, byte "
                    + $"{e.BytePositionInLine}). "
                + "Expected one JSON object, no key of it twice.", null, "invalid_json");
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object && !HasHalfACharacter(utf8.Span))
            return document;
        var isObject = document.RootElement.ValueKind == JsonValueKind.Object;
        document.Dispose();
        throw ApiException.Bad(
            isObject
                ? "The JSON body of your request names half of a character (\\ud800 to \\udfff alone)."
                : "We could not parse the JSON body of your request. Expected one JSON object.",
            null, "invalid_json");
    }

    /// <summary>
    /// JSON's grammar lets a text name half of a character. Nothing can be made of it: reading it throws.
    /// </summary>
    static bool HasHalfACharacter(ReadOnlySpan<byte> json)
    {
        var wantsLow = false;
        for (int at; (at = json.IndexOf((byte)'\\')) >= 0;)
        {
            if (wantsLow && at > 0)
                return true;
            json = json[at..];
            if (json[1] != 'u')
            {
                if (wantsLow)
                    return true;
                json = json[2..];
                continue;
            }
            Utf8Parser.TryParse(json.Slice(2, 4), out ushort unit, out _, 'x');
            if (char.IsLowSurrogate((char)unit) != wantsLow)
                return true;
            wantsLow = char.IsHighSurrogate((char)unit);
            json = json[6..];
        }
        return wantsLow;
    }

    public static bool Has(this JsonElement body, string name, out JsonElement value)
    {
        if (body.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null)
            return true;
        value = default;
        return false;
    }

    public static string Required(this JsonElement body, string name) =>
        body.Text(name) ?? throw ApiException.Bad(
            $"Missing required parameter: '{name}'.", name, "missing_required_parameter");

    public static string? Text(this JsonElement body, string name)
    {
        if (!body.Has(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw Wrong(name, value, "a string");
    }

    public static bool Flag(this JsonElement body, string name)
    {
        if (!body.Has(name, out var value))
            return false;
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Wrong(name, value, "a boolean"),
        };
    }

    public static int? Whole(this JsonElement body, string name, int least, int most)
    {
        if (!body.Has(name, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var number))
            throw Wrong(name, value, "an integer");
        return number >= least && number <= most
            ? (int)number
            : throw ApiException.Bad($"Invalid '{name}': expected {least} to {most}, but got {number}.", name,
                number < least ? "integer_below_min_value" : "integer_above_max_value");
    }

    public static float? Real(this JsonElement body, string name, double least, double most) =>
        (float?)body.Number(name, least, most);

    public static double? Number(this JsonElement body, string name, double least, double most)
    {
        if (!body.Has(name, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number))
            throw Wrong(name, value, "a number");
        return number >= least && number <= most
            ? number
            : throw ApiException.Bad($"Invalid '{name}': expected {least} to {most}, but got {number}.",
                name);
    }

    public static JsonElement? Array(this JsonElement body, string name)
    {
        if (!body.Has(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Array ? value : throw Wrong(name, value, "an array");
    }

    public static JsonElement? Object(this JsonElement body, string name)
    {
        if (!body.Has(name, out var value))
            return null;
        return value.ValueKind == JsonValueKind.Object ? value : throw Wrong(name, value, "an object");
    }

    public static ApiException Wrong(string name, JsonElement value, string expected) => ApiException.Bad(
        $"Invalid type for '{name}': expected {expected}, but got {Kind(value)} instead.", name,
            "invalid_type");

    static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        JsonValueKind.String => "a string",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
