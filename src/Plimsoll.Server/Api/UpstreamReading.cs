using System;
using System.IO;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Api;

/// <summary>Reads what an engine answers, and believes nothing of it.</summary>
static class UpstreamReading
{
    const int MostErrorBytes = 64 * 1024;
    const int MostAnswerBytes = 64 << 20;

    public static ApiException Failed(string message) =>
        new(502, message, "server_error", null, "upstream_failed");

    public static async ValueTask<int> ReadAsync(Stream stream, Memory<byte> buffer, TimeSpan patience,
        CancellationToken cancellation)
    {
        var reading = stream.ReadAsync(buffer, cancellation);
        if (reading.IsCompleted)
            return await reading;
        try
        {
            return await reading.AsTask().WaitAsync(patience, cancellation);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"no byte for {patience.TotalSeconds:0.#} s");
        }
    }

    /// <summary>An answer that comes whole; one that breaks off or has no end is nobody's.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadWholeAsync(UpstreamModel.Sent sent,
        CancellationToken cancellation)
    {
        try
        {
            await using var stream = await sent.Response.Content.ReadAsStreamAsync(cancellation);
            // One byte more than is announced: the end is then seen without growing.
            var length = sent.Response.Content.Headers.ContentLength + 1 ?? 4096;
            var bytes = new byte[Math.Clamp(length, 256, 1 << 20)];
            var count = 0;
            int read;
            while ((read =
                await ReadAsync(stream, bytes.AsMemory(count), sent.Replica.IdleTimeout, cancellation)) > 0)
            {
                count += read;
                if (count > MostAnswerBytes)
                    throw new IOException($"its answer is longer than {MostAnswerBytes} bytes");
                if (count == bytes.Length)
                    Array.Resize(ref bytes, 2 * count);
            }
            return bytes.AsMemory(0, count);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException)
        {
            throw Failed($"The upstream broke off: {e.Message}");
        }
    }

    /// <summary>An answer that comes whole, counted; its error where it is one.</summary>
    public static async Task<ReadOnlyMemory<byte>> WholeAsync(
        UpstreamModel model, UpstreamModel.Sent sent, RequestEntry entry, CancellationToken cancellation)
    {
        var answer = await ReadWholeAsync(sent, cancellation);
        if (!sent.Response.IsSuccessStatusCode)
            throw ErrorOf((int)sent.Response.StatusCode, answer);
        sent.Twin.Hear(last: true);
        return Count(model, sent.Meter, entry, answer.Span)
            ? answer : throw Failed("The upstream's answer is no JSON object.");
    }

    /// <summary>Counts a whole answer's tokens; false when it is no JSON object.</summary>
    public static bool Count(
        UpstreamModel model, UpstreamMeter meter, RequestEntry entry, ReadOnlySpan<byte> answer)
    {
        if (!UsageReader.TryRead(answer, out var usage, out var isObject))
            return isObject;
        var (prompt, cached, output) = usage;
        (entry.PromptTokens, entry.CachedTokens, entry.OutputTokens) = (prompt, cached, output);
        entry.IsCut |= answer.IndexOf("\"finish_reason\":\"length\""u8) >= 0;
        meter.AddPrompt(entry, prompt - cached);
        meter.AddOutput(entry, output);
        model.Metrics.AddPrompt(prompt);
        model.Metrics.AddGenerated(output);
        return true;
    }

    public static void PassOn(
        HttpResponseMessage upstream, HttpResponse response, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (upstream.Headers.NonValidated.TryGetValues(name, out var values))
                response.Headers[name] = values.ToString();
        }
    }

    /// <summary>What an answer calls itself; null where it says nothing that may be repeated.</summary>
    public static string? TypeOf(HttpResponseMessage upstream) =>
        upstream.Content.Headers.NonValidated.TryGetValues("Content-Type", out var values)
            && values.ToString() is { Length: > 0 } type
            && !type.AsSpan().ContainsAnyExceptInRange(' ', '~')
                ? type : null;

    public static bool IsEventStream(string? contentType)
    {
        const string EventStream = "text/event-stream";
        return contentType is not null
            && contentType.StartsWith(EventStream, StringComparison.OrdinalIgnoreCase)
            && contentType.AsSpan(EventStream.Length).TrimStart() is [] or [';', ..];
    }

    /// <summary>An upstream's error as it tells it; its whole text where that is no error of OpenAI's
    /// shape.</summary>
    public static ApiException ErrorOf(int status, ReadOnlyMemory<byte> answer)
    {
        var kept = answer[..Math.Min(answer.Length, MostErrorBytes)];
        var type = status < 500 ? "invalid_request_error" : "server_error";
        try
        {
            using var document = JsonDocument.Parse(kept);
            var root = document.RootElement;
            // Some engines put at the top what belongs into `error`.
            var error = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var inner)
                && inner.ValueKind == JsonValueKind.Object ? inner : root;
            if (TextOf(error, "message") is { } message)
            {
                return new ApiException(status, message, TextOf(error, "type") ?? type,
                    TextOf(error, "param"), TextOf(error, "code"));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or a string that is half a character.
        }
        return new ApiException(status, Encoding.UTF8.GetString(kept.Span), type);
    }

    /// <summary>A field's text; vLLM's codes are numbers.</summary>
    static string? TextOf(JsonElement holder, string name) =>
        holder.ValueKind == JsonValueKind.Object && holder.TryGetProperty(name, out var value)
            ? value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            }
            : null;
}
