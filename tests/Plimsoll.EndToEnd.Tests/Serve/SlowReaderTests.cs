using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// A client that asks and does not read what it gets: when the patience is over it loses its connection, and
/// what it held of the server is free.
/// </summary>
public sealed class SlowReaderTests
{
    const string Long =
        """{"model":"NAME","stream":true,"max_tokens":100000,"ignore_eos":true,"n":64,"logprobs":true,"top_logprobs":20,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Its_answer_is_stopped()
    {
        await using var server = await RunningServer.StartAsync(
            config => config.Limits.SlowReaderTimeout = "500ms");
        using var client = await AskAsync(server, "POST /v1/chat/completions", Long.Replace("NAME", "sim"));
        const string Running = "num_requests_running{model_name=\"sim\"} ";
        await RunningServer.EventuallyAsync(
            () => server.Client.GetStringAsync("/metrics"), text => text.Contains(Running + "64"));
        var metrics = await RunningServer.EventuallyAsync(
            () => server.Client.GetStringAsync("/metrics"), text => text.Contains(Running + "0"));
        metrics.ShouldContain(Running + "0");
    }

    [Fact]
    public async Task Its_upstream_is_let_go()
    {
        using var upstream = new TcpListener(IPAddress.Loopback, 0);
        upstream.Start();
        await using var gateway = await RunningServer.StartAsync(config =>
        {
            config.Limits.SlowReaderTimeout = "500ms";
            config.Models =
            [
                new ModelConfig
                {
                    Name = "fleet",
                    Upstreams = [new() { Url = $"http://{upstream.LocalEndpoint}", IdleTimeout = "1h" }],
                },
            ];
        });
        var body = Long.Replace("NAME", "fleet");
        using var client = await AskAsync(gateway, "POST /v1/chat/completions", body);
        using var asked = await AskedAsync(upstream);
        await Should.ThrowAsync<IOException>(() => SayForEverAsync(asked).WaitAsync(TimeSpan.FromMinutes(1)));
        var metrics = await RunningServer.EventuallyAsync(
            () => gateway.Client.GetStringAsync("/metrics"),
            text => text.Contains("request_success_total{model_name=\"fleet\",finished_reason=\"abort\"} 1"),
            TimeSpan.FromMinutes(1));
        metrics.ShouldContain("request_success_total{model_name=\"fleet\",finished_reason=\"abort\"} 1");
    }

    /// <summary>The request itself: the gateway also asks what there is and how it is.</summary>
    static async Task<TcpClient> AskedAsync(TcpListener upstream)
    {
        while (true)
        {
            var client = await upstream.AcceptTcpClientAsync();
            var verb = new byte[4];
            await client.GetStream().ReadExactlyAsync(verb);
            if (verb.AsSpan().SequenceEqual("POST"u8))
                return client;
            client.Dispose();
        }
    }

    [Fact]
    public async Task Its_file_is_closed()
    {
        await using var server = await RunningServer.StartAsync(
            config => config.Limits.SlowReaderTimeout = "500ms");
        // More than what the system holds for a connection on both sides.
        var file = await server.UploadAsync(new string('x', 24 << 20), purpose: "user_data");
        using var client = await AskAsync(server, $"GET /v1/files/{file}/content", "");
        await RunningServer.EventuallyAsync(
            () => Task.FromResult(OpenFiles(server.State, file)), open => open == 0);
        OpenFiles(server.State, file).ShouldBe(0);
        (await server.Client.GetByteArrayAsync($"/v1/files/{file}/content")).Length.ShouldBe(24 << 20);
    }

    static async Task<TcpClient> AskAsync(RunningServer server, string what, string body)
    {
        var client = new TcpClient { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(server.Address.Host, server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"{what} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}"));
        var first = new byte[16];
        if (body.Length == 0)
            await client.GetStream().ReadExactlyAsync(first);
        return client;
    }

    static async Task SayForEverAsync(TcpClient client)
    {
        var stream = client.GetStream();
        await stream.WriteAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"u8.ToArray());
        var word = Encoding.ASCII.GetBytes(
            "data: {\"choices\":[{\"delta\":{\"content\":\"" + new string('x', 8000) + "\"}}]}\n\n");
        while (true)
            await stream.WriteAsync(word);
    }

    /// <summary>Descriptors of this process, whose server it is, that lead to a stored file.</summary>
    static int OpenFiles(string state, string file)
    {
        var open = 0;
        foreach (var descriptor in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                open += File.ResolveLinkTarget(descriptor, returnFinalTarget: false) is { } target
                    && target.FullName.StartsWith(state, StringComparison.Ordinal)
                    && target.FullName.Contains(file, StringComparison.Ordinal) ? 1 : 0;
            }
            catch (IOException)
            {
                // Closed meanwhile.
            }
        }
        return open;
    }
}
