using System;
using System.Buffers;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// Kestrel and <see cref="HttpClient"/> with nothing between: what passing bytes on costs at the least, on
/// this machine, in these libraries.
/// </summary>
static class BareProxy
{
    public static async Task RunAsync(string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false })
        {
            BaseAddress = new Uri(upstream),
            Timeout = Timeout.InfiniteTimeSpan,
        };
        app.MapPost("/v1/chat/completions", context => PassAsync(context, client));
        await app.StartAsync();
        Console.Error.WriteLine($"bare: serving at {app.Urls.First()}");
        await app.WaitForShutdownAsync();
    }

    static async Task PassAsync(HttpContext context, HttpClient client)
    {
        var body = new byte[(int)context.Request.ContentLength!.Value];
        await context.Request.Body.ReadExactlyAsync(body);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new ByteArrayContent(body),
        };
        using var response = await client.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentLength = response.Content.Headers.ContentLength;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await using var stream = await response.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        int read;
        while ((read = await stream.ReadAsync(buffer, context.RequestAborted)) > 0)
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
        ArrayPool<byte>.Shared.Return(buffer);
    }
}
