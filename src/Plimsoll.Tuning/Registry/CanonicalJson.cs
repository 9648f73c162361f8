using System;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Plimsoll.Tuning.Registry;

/// <summary>
/// One text for one value, after RFC 8785: keys sorted by UTF-16 code unit, no white space, numbers as
/// ECMAScript prints them. Any tool can write a manifest again and find the same hash.
/// </summary>
public static class CanonicalJson
{
    /// <summary>Records to snake_case JSON and back; a key that is not known is an error.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(
            JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    static readonly JsonSerializerOptions _strings =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of<T>(T value) => Of(JsonSerializer.SerializeToNode(value, Options));

    public static string Of(JsonNode? node)
    {
        var text = new StringBuilder();
        Append(text, node);
        return text.ToString();
    }

    /// <summary>Lower-case hexadecimal SHA-256 of the value's canonical text.</summary>
    public static string HashOf<T>(T value) => HashOfBytes(Encoding.UTF8.GetBytes(Of(value)));

    public static string HashOfBytes(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(SHA256.HashData(bytes));

    static void Append(StringBuilder text, JsonNode? node)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject entries:
                text.Append('{');
                var first = true;
                foreach (var (key, value) in entries.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    text.Append(first ? "" : ",");
                    first = false;
                    AppendString(text, key);
                    text.Append(':');
                    Append(text, value);
                }
                text.Append('}');
                break;
            case JsonArray items:
                text.Append('[');
                for (var i = 0; i < items.Count; i++)
                {
                    text.Append(i == 0 ? "" : ",");
                    Append(text, items[i]);
                }
                text.Append(']');
                break;
            default:
                AppendScalar(text, node);
                break;
        }
    }

    static void AppendScalar(StringBuilder text, JsonNode node)
    {
        switch (node.GetValueKind())
        {
            case JsonValueKind.String:
                AppendString(text, node.GetValue<string>());
                break;
            case JsonValueKind.Number:
                AppendNumber(text, node);
                break;
            default:
                text.Append(node.ToJsonString());
                break;
        }
    }

    static void AppendNumber(StringBuilder text, JsonNode node)
    {
        // Whole numbers keep all their digits; RFC 8785 would round them to doubles beyond 2^53.
        var raw = node.ToJsonString();
        if (long.TryParse(raw, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
        {
            text.Append(whole.ToString(CultureInfo.InvariantCulture));
            return;
        }
        var value = double.Parse(raw, CultureInfo.InvariantCulture);
        var magnitude = Math.Abs(value);
        if (value == Math.Floor(value) && magnitude < 1e15)
            text.Append(((long)value).ToString(CultureInfo.InvariantCulture));
        else if (magnitude is >= 1e-6 and < 1e21)
            text.Append(((decimal)0 + Exact(value)).ToString(CultureInfo.InvariantCulture));
        else
            text.Append(Exponent(value.ToString("R", CultureInfo.InvariantCulture)));
    }

    // Shortest digits that read back as the same double, without an exponent.
    static decimal Exact(double value) =>
        decimal.Parse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float,
            CultureInfo.InvariantCulture);

    // .NET writes 1E-07 where ECMAScript writes 1e-7.
    static string Exponent(string text)
    {
        var at = text.IndexOf('E', StringComparison.Ordinal);
        if (at < 0)
            return text;
        var digits = text[(at + 2)..].TrimStart('0');
        return $"{text[..at]}e{text[at + 1]}{digits}";
    }

    static void AppendString(StringBuilder text, string value) =>
        text.Append(JsonSerializer.Serialize(value, _strings));
}
