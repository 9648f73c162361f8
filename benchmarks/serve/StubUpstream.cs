using System;
using System.Linq;
using System.Net;
using System.Text;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Serve.Figures;

/// <summary>An upstream that computes nothing: a whole answer or a stream of 64 events at once.</summary>
static class StubUpstream
{
    public const int StreamTokens = 64;

    static readonly byte[] _whole = Encoding.UTF8.GetBytes(
        """{"id":"c","object":"chat.completion","created":1,"model":"stub","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":8,"completion_tokens":1,"total_tokens":9}}""");

    static readonly byte[] _token = Encoding.UTF8.GetBytes(
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"stub\","
        + "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n");

    public static async Task RunAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.MapGet("/health", () => "");
        app.MapPost("/v1/chat/completions", AnswerAsync);
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        await app.WaitForShutdownAsync();
    }

    static async Task AnswerAsync(HttpContext context)
    {
        var body = new byte[4096];
        var count = 0;
        int read;
        while ((read = await context.Request.Body.ReadAsync(body.AsMemory(count))) > 0)
            count += read;
        var streams = body.AsSpan(0, count).IndexOf("\"stream\":true"u8) >= 0;
        context.Response.ContentType = streams ? "text/event-stream" : "application/json";
        if (!streams)
        {
            context.Response.ContentLength = _whole.Length;
            await context.Response.Body.WriteAsync(_whole);
            return;
        }
        for (var i = 0; i < StreamTokens; i++)
        {
            await context.Response.Body.WriteAsync(_token);
            if (i % 8 == 7)
                await context.Response.Body.FlushAsync();
        }
        await context.Response.Body.WriteAsync("data: [DONE]\n\n"u8.ToArray());
    }
}
