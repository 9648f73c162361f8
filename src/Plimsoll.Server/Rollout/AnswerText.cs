using System;
using System.Text.Json;

namespace Plimsoll.Server.Rollout;

/// <summary>The first answer's text in a whole response.</summary>
static class AnswerText
{
    /// <summary>Null where there is none.</summary>
    public static string? Of(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (!document.RootElement.TryGetProperty("choices", out var choices)
                || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
            {
                return null;
            }
            var first = choices[0];
            var text = first.TryGetProperty("message", out var message)
                && message.TryGetProperty("content", out var content) ? content
                : first.TryGetProperty("text", out var plain) ? plain : default;
            return text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
