using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Plimsoll.Server.Gateway;

/// <summary>The adapters in an engine's <c>/v1/models</c>, as vLLM and SGLang list them.</summary>
static class AdapterList
{
    public const int LongestName = 256;

    /// <summary>A name that requests, paths and every ledger can hold.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && !name.Any(char.IsControl);

    /// <summary>Where they are by name; null where that is no list of models.</summary>
    public static IReadOnlyDictionary<string, string>? Read(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var adapters = new Dictionary<string, string>();
            foreach (var model in document.RootElement.GetProperty("data").EnumerateArray())
            {
                if (TextOf(model, "parent") is not null && TextOf(model, "id") is { } name && IsName(name))
                    adapters[name] = TextOf(model, "root") ?? "";
            }
            return adapters;
        }
        catch (System.Exception e) when (
            e is JsonException or KeyNotFoundException or System.InvalidOperationException)
        {
            return null;
        }
    }

    static string? TextOf(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
