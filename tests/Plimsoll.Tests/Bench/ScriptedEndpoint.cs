using System;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Tests.Bench;

/// <summary>An OpenAI-compatible endpoint on a real port whose answers come as a test commands.</summary>
sealed class ScriptedEndpoint : IAsyncDisposable
{
    readonly WebApplication _app;

    ScriptedEndpoint(WebApplication app)
    {
        _app = app;
    }

    public Uri BaseUrl { get; private set; } = null!;

    /// <summary>Bodies of all requests, in order of their arrival.</summary>
    public ConcurrentQueue<JsonObject> Bodies { get; } = new();

    /// <summary>Their Authorization headers.</summary>
    public ConcurrentQueue<string> Keys { get; } = new();

    /// <param name="answer">Answers a posted body; the default streams what was asked for.</param>
    /// <param name="tls">Whether with TLS, under a certificate of its own making.</param>
    /// <param name="http2">HTTP/2 alone.</param>
    /// <param name="models">Answers what models there are; the default lists one.</param>
    public static async Task<ScriptedEndpoint> Start(
        Func<HttpContext, JsonObject, Task>? answer = null, bool tls = false, bool http2 = false,
        Func<HttpContext, Task>? models = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = http2 ? HttpProtocols.Http2 : HttpProtocols.Http1;
            if (tls)
                listen.UseHttps(Certificate());
        }));
        var app = builder.Build();
        var endpoint = new ScriptedEndpoint(app);
        app.MapPost("/v1/{**rest}", async context =>
        {
            var body = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
            endpoint.Bodies.Enqueue(body);
            endpoint.Keys.Enqueue(context.Request.Headers.Authorization.ToString());
            await (answer ?? Stream)(context, body);
        });
        app.MapGet("/v1/models", models ?? (context => context.Response.WriteAsJsonAsync(
            new { data = new[] { new { id = "scripted" } } })));
        app.MapPost("/tokenize", async context =>
        {
            var body = (JsonObject)(await JsonNode.ParseAsync(context.Request.Body))!;
            await context.Response.WriteAsJsonAsync(new { count =
                Words(body["prompt"]!.GetValue<string>()) });
        });
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        foreach (var url in address.Addresses)
            endpoint.BaseUrl = new Uri(url);
        return endpoint;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new System.Threading.CancellationTokenSource(0);
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    public static int Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length;

    public static int Asked(JsonObject body) =>
        (body["max_completion_tokens"] ?? body["max_tokens"] ?? body["max_output_tokens"])!.GetValue<int>();

    /// <summary>
    /// Tokens of a chat prompt by this endpoint's count: its words and three of a template.
    /// </summary>
    public static int PromptTokens(JsonObject body) =>
        Words(body["messages"]?[0]!["content"]!.ToString()
            ?? body["prompt"]?.ToString() ?? body["input"]!.ToString()) + 3;

    /// <summary>Answers a chat at once, a token a chunk, usage at the end.</summary>
    public static Task Stream(HttpContext context, JsonObject body) =>
        Stream(context, body, Asked(body), _ => 0, 1);

    /// <summary>Streams a chat.</summary>
    /// <param name="context">Of the request.</param>
    /// <param name="body">Of the request.</param>
    /// <param name="tokens">Of the answer.</param>
    /// <param name="delayMs">Before each chunk.</param>
    /// <param name="perChunk">Tokens that come together.</param>
    public static async Task Stream(
        HttpContext context, JsonObject body, int tokens, Func<int, int> delayMs, int perChunk)
    {
        var counts = body["stream_options"]?["continuous_usage_stats"] is not null;
        context.Response.ContentType = "text/event-stream";
        await Event(context, """{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}""");
        var sent = 0;
        for (var chunk = 0; sent < tokens; chunk++)
        {
            if (delayMs(chunk) is > 0 and var wait)
                await Task.Delay(wait);
            var together = Math.Min(perChunk, tokens - sent);
            sent += together;
            var usage = counts ? $",\"usage\":{Usage(body, sent)}" : "";
            var text = new StringBuilder().Insert(0, " tok", together);
            await Event(
                context, $"{{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]{usage}}}");
        }
        await Event(context, """{"choices":[{"index":0,"delta":{},"finish_reason":"length"}]}""");
        if (body["stream_options"]?["include_usage"] is not null)
            await Event(context, $"{{\"choices\":[],\"usage\":{Usage(body, tokens)}}}");
        await Event(context, "[DONE]");
    }

    public static string Usage(JsonObject body, int tokens) =>
        $"{{\"prompt_tokens\":{PromptTokens(body)},\"completion_tokens\":{tokens},"
            + "\"prompt_tokens_details\":{\"cached_tokens\":0}}";

    public static async Task Event(HttpContext context, string data)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"));
        await context.Response.Body.FlushAsync();
    }

    static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var signed = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1),
            DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pfx), null);
    }
}
