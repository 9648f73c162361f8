using System;
using System.Net.Http;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Bench.Wire;

/// <summary>What an endpoint said of an error, in one short line.</summary>
static class ErrorText
{
    const int MostCharacters = 160;

    /// <summary>The message of an OpenAI error, or the beginning of whatever it is.</summary>
    public static string Of(ReadOnlySpan<byte> body)
    {
        try
        {
            if (ChunkParser.Parse(body).Error is { } message)
                return OneLine(message);
        }
        catch (JsonException)
        {
            // Not OpenAI's form: shown as it came.
        }
        return OneLine(Encoding.UTF8.GetString(body));
    }

    /// <summary>Where an answer sends the client instead of answering; null when it does not.</summary>
    public static string? OfRedirect(HttpResponseMessage response) =>
        (int)response.StatusCode is >= 300 and < 400 and var status
            ? $"HTTP {status}: redirects to {OneLine(response.Headers.Location?.ToString() ?? "nowhere")}; "
                + "expected the address itself"
            : null;

    /// <summary>How an answer is packed though nobody asked for it; null when it is not.</summary>
    public static string? OfPacking(HttpResponseMessage response)
    {
        foreach (var packing in response.Content.Headers.ContentEncoding)
        {
            if (packing != "identity")
                return $"packed as {OneLine(packing)}, which was not asked for";
        }
        return null;
    }

    public static string OneLine(string text)
    {
        var line = new StringBuilder();
        foreach (var c in text)
        {
            if (!char.IsControl(c) && !(char.IsWhiteSpace(c) && line is [] or [.., ' ']))
                line.Append(c);
            else if (line.Length > 0 && line[^1] != ' ')
                line.Append(' ');
            if (line.Length == MostCharacters)
                return line.Append('…').ToString();
        }
        return line.ToString().Trim();
    }
}
