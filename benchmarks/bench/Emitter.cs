using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// A server of tokens at a commanded pace, which remembers when it wrote each: the truth that clients' stamps
/// are held against. Its clock and the clients' are the machine's monotonic one.
/// </summary>
static class Emitter
{
    static readonly ConcurrentDictionary<string, long[]> Stamps = new();

    public static void Run(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        // A chunk goes to its socket on the thread that stamped it: a wait for another would be booked
        // as the client's error.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        app.MapPost("/v1/chat/completions", Chat);
        app.MapGet("/v1/models", () =>
            Microsoft.AspNetCore.Http.Results.Text("""{"data":[{"id":"emitter"}]}""", "application/json"));
        app.MapGet("/stamps", () =>
        {
            var all = JsonSerializer.Serialize(Stamps);
            Stamps.Clear();
            return Microsoft.AspNetCore.Http.Results.Text(all, "application/json");
        });
        app.Run();
    }

    static async Task Chat(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var root = body.RootElement;
        var tokens = root.GetProperty("max_completion_tokens").GetInt32();
        var interval = Number("interval_us") / 1e6;
        var phase = Number("phase_us") / 1e6;
        var stamps = new long[tokens];
        context.Response.ContentType = "text/event-stream";
        await context.Response.StartAsync();
        var start = Stopwatch.GetTimestamp();
        for (var token = 0; token < tokens; token++)
        {
            var due = phase + token * interval - Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (due > 0.0005)
                await Task.Delay(TimeSpan.FromSeconds(due));
            stamps[token] = Stopwatch.GetTimestamp();
            Write(context, token + 1, tokens, stamps[token]);
            await context.Response.BodyWriter.FlushAsync();
        }
        context.Response.BodyWriter.Write("data: [DONE]\n\n"u8);
        await context.Response.BodyWriter.FlushAsync();
        if (root.TryGetProperty("user", out var user))
            Stamps[user.GetString()!] = stamps;

        long Number(string name) => root.TryGetProperty(name, out var value) ? value.GetInt64() : 0;
    }

    /// <summary>About what vLLM sends for a token, its count and the moment of the write in it.</summary>
    static void Write(HttpContext context, int token, int tokens, long stamp)
    {
        var finish = token == tokens ? "\"length\"" : "null";
        Span<char> text = stackalloc char[512];
        text.TryWrite(
            CultureInfo.InvariantCulture,
            $"data: {{\"id\":\"chatcmpl-0123456789abcd\",\"object\":\"chat.completion.chunk\",\"created\":1,"
            + $"\"model\":\"emitter\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" {stamp}\"}},"
            + $"\"logprobs\":null,\"finish_reason\":{finish}}}],\"usage\":{{\"prompt_tokens\":8,"
            + $"\"total_tokens\":{8 + token},\"completion_tokens\":{token}}}}}\n\n",
            out var written);
        var target = context.Response.BodyWriter.GetSpan(512);
        context.Response.BodyWriter.Advance(System.Text.Encoding.ASCII.GetBytes(text[..written], target));
    }
}

static class PipeExtensions
{
    public static void Write(this System.IO.Pipelines.PipeWriter writer, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(writer.GetSpan(bytes.Length));
        writer.Advance(bytes.Length);
    }
}
