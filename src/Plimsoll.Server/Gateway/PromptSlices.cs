using System;
using System.Buffers;
using System.Text.Json;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// The first part of a request's prompt as a request of its own, whose one token is thrown away: an engine
/// with a prefix cache then has that part computed. Only blocks that agree to the token are found again, so
/// it never matters to the answer where the cut falls.
/// </summary>
static class PromptSlices
{
    /// <summary>
    /// The body up to a share of its prompt's text; null where the text is not in one long piece.
    /// </summary>
    /// <param name="model">Name of the model at the replica.</param>
    /// <param name="share">Above 0 and below 1.</param>
    /// <param name="priority">Priority to send along; null for none.</param>
    public static ReadOnlyMemory<byte>? Cut(JsonElement body, string model, double share, int? priority)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
        {
            writer.WriteStartObject();
            writer.WriteString("model"u8, model);
            writer.WriteNumber(
                body.TryGetProperty("input", out _) ? "max_output_tokens"u8 : "max_tokens"u8, 1);
            writer.WriteBoolean("stream"u8, true);
            if (priority is { } rank)
                writer.WriteNumber("priority"u8, rank);
            if (!WritePrompt(writer, body, share))
                return null;
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    static bool WritePrompt(Utf8JsonWriter writer, JsonElement body, double share)
    {
        if (body.TryGetProperty("prompt", out var prompt) && prompt.ValueKind == JsonValueKind.String)
        {
            writer.WriteString("prompt"u8, Head(prompt.GetString()!, share));
            return true;
        }
        if (body.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.String)
            return WriteInput(writer, body, input.GetString()!, share);
        if (!body.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array
            || messages.GetArrayLength() == 0)
        {
            return false;
        }
        var last = messages[messages.GetArrayLength() - 1];
        if (!last.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String)
            return false;
        var text = content.GetString()!;
        var all = messages.GetRawText().Length;
        var kept = (share * all) - (all - text.Length);
        if (kept < 1)
            return false;
        writer.WriteStartArray("messages"u8);
        for (var i = 0; i < messages.GetArrayLength() - 1; i++)
            messages[i].WriteTo(writer);
        writer.WriteStartObject();
        writer.WriteString("role"u8, last.TryGetProperty("role", out var role) ? role.GetString() : "user");
        writer.WriteString("content"u8, Head(text, kept / text.Length));
        writer.WriteEndObject();
        writer.WriteEndArray();
        return true;
    }

    static bool WriteInput(Utf8JsonWriter writer, JsonElement body, string input, double share)
    {
        var instructions = body.Text("instructions") ?? "";
        var kept = (share * (instructions.Length + input.Length)) - instructions.Length;
        if (kept < 1)
            return false;
        if (instructions.Length > 0)
            writer.WriteString("instructions"u8, instructions);
        writer.WriteString("input"u8, Head(input, kept / input.Length));
        return true;
    }

    static string Head(string text, double share)
    {
        var length = Math.Clamp((int)(share * text.Length), 1, text.Length);
        return text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];
    }
}
