using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>The gateway before real servers: simulated engines, and sockets that misbehave.</summary>
public sealed class GatewayTests
{
    const string Hello = """{"model":"fleet","max_tokens":6,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Answers_and_streams_pass_and_what_is_dead_is_passed_over()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync("http://127.0.0.1:1", engine.Address.ToString());
        for (var i = 0; i < 8; i++)
        {
            gateway.Client.DefaultRequestHeaders.Remove("x-session-id");
            gateway.Client.DefaultRequestHeaders.Add("x-session-id", $"s{i}");
            var (status, body, response) = await gateway.PostAsync("/v1/chat/completions", Hello);
            status.ShouldBe(200, body.ToString());
            string.Join("", response.Headers.GetValues("x-plimsoll-upstream"))
                .ShouldBe(engine.Address.ToString());
            body.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBeGreaterThan(0);
        }
        var direct = await StreamAsync(engine, Hello.Replace("fleet", "sim"));
        var through = await StreamAsync(gateway, Hello);
        through.TrimEnd().ShouldEndWith("data: [DONE]");
        Content(through).ShouldBe(Content(direct));
        (await gateway.Client.GetStringAsync("/metrics")).ShouldContain("plimsoll_upstream_requests");
        (await gateway.GetAsync("/v1/models")).Body.GetProperty("data")[0].GetProperty("id").GetString()
            .ShouldBe("fleet");
    }

    [Fact]
    public async Task Tokens_are_the_engines_and_so_is_what_is_wrong_with_them()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine.Address.ToString());
        const string Prompt = """{"model":"fleet","prompt":"hello world"}""";
        var (status, through, _) = await gateway.PostAsync("/tokenize", Prompt);
        status.ShouldBe(200, through.ToString());
        var (_, direct, _) = await engine.PostAsync("/tokenize", Prompt.Replace("fleet", "sim"));
        through.ToString().ShouldBe(direct.ToString());
        var (_, back, _) = await gateway.PostAsync("/detokenize",
            $$"""{"model":"fleet","tokens":{{through.GetProperty("tokens")}}}""");
        back.GetProperty("prompt").GetString().ShouldBe("hello world");
        var (bad, refused, _) = await gateway.PostAsync("/detokenize", """{"model":"fleet","tokens":[-1]}""");
        bad.ShouldBe(400);
        refused.GetProperty("error").GetProperty("param").GetString().ShouldBe("tokens");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("soon")]
    public async Task A_promise_that_is_none_is_refused(string text)
    {
        await using var gateway = await GatewayAsync("http://127.0.0.1:1");
        gateway.Client.DefaultRequestHeaders.Add("x-slo-ttft-ms", text);
        var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(400, body.ToString());
        body.GetProperty("error").GetProperty("param").GetString().ShouldBe("x-slo-ttft-ms");
    }

    [Theory]
    [InlineData("0.001", false)]
    [InlineData("100000", true)]
    public async Task A_requests_own_promise_is_judged_and_said(string ttft, bool isKept)
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine.Address.ToString());
        gateway.Client.DefaultRequestHeaders.Add("x-slo-ttft-ms", ttft);
        gateway.Client.DefaultRequestHeaders.Add("x-slo-tpot-ms", "100000");
        var events = await StreamAsync(gateway,
            Hello.Replace("\"max_tokens\"", "\"stream_options\":{\"include_usage\":true},\"max_tokens\""));
        var last = Array.FindLast(events.Split("\n\n"), one => one.Contains("\"promise\""))!;
        var promise = JsonDocument.Parse(last["data: ".Length..]).RootElement
            .GetProperty("usage").GetProperty("promise");
        promise.GetProperty("kept").GetBoolean().ShouldBe(isKept);
        // A whole answer does not tell when its first token came.
        var (_, whole, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
        whole.GetProperty("usage").GetProperty("promise").GetProperty("kept").ValueKind
            .ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Batch_lines_ride_through_and_the_ledger_says_it_is_estimated()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(engine.Address.ToString());
        var file = await gateway.UploadAsync(RunningServer.Lines(5).Replace("\"sim\"", "\"fleet\""));
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var done = await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed");
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(5, done.ToString());
        await Task.Delay(1500);
        var ledger = System.IO.Path.Combine(gateway.State, "plimsoll.db");
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--check").ExitCode.ShouldBe(0);
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--json").Output.ShouldContain("estimated");
    }

    [Fact]
    public async Task Half_an_event_goes_to_nobody_and_the_client_is_told()
    {
        using var liar =
            new Liar("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            + "data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\ndata: {\"choices\":[{\"del");
        await using var gateway = await GatewayAsync(liar.Url);
        var events = await StreamAsync(gateway, Hello);
        events.ShouldContain("one");
        events.ShouldNotContain("{\"del\n");
        events.ShouldContain("upstream_failed");
        events.TrimEnd().ShouldEndWith("data: [DONE]");
    }

    [Fact]
    public async Task An_upstream_that_hangs_is_given_up_and_not_asked_twice()
    {
        using var mute = new Liar("");
        await using var gateway = await GatewayAsync(mute.Url);
        var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(504);
        body.GetProperty("error").GetProperty("code").GetString().ShouldBe("upstream_timeout");
        mute.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_replica_the_fallback_answers_and_without_one_it_is_said()
    {
        await using var gateway = await RunningServer.StartAsync(config => config.Models =
        [
            new ModelConfig { Name = "fleet", Upstreams =
                [new UpstreamConfig { Url = "http://127.0.0.1:1" }], Fallback = "sim" },
            new ModelConfig { Name = "alone", Upstreams =
                [new UpstreamConfig { Url = "http://127.0.0.1:1" }] },
            RunningServer.Simulated(),
        ]);
        var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(200);
        body.GetProperty("model").GetString().ShouldBe("sim");
        var (alone, error, _) =
            await gateway.PostAsync("/v1/chat/completions", Hello.Replace("fleet", "alone"));
        alone.ShouldBe(503);
        error.GetProperty("error").GetProperty("code").GetString().ShouldBe("no_upstream");
    }

    static Task<RunningServer> GatewayAsync(params string[] urls) =>
        RunningServer.StartAsync(config => config.Models =
    [
        new ModelConfig
        {
            Name = "fleet",
            PriceUsdPerHour = 2,
            Upstreams =
                [.. Array.ConvertAll(urls, url =>
                    new UpstreamConfig { Url = url, Model = "sim", IdleTimeout = "2s" })],
        },
    ]);

    static async Task<string> StreamAsync(RunningServer server, string body)
    {
        var content = new StringContent(body.Replace("{\"model\"", "{\"stream\":true,\"model\""));
        var response = await server.Client.PostAsync("/v1/chat/completions", content);
        return await response.Content.ReadAsStringAsync();
    }

    static string Content(string events)
    {
        var text = new StringBuilder();
        foreach (var line in events.Split('\n'))
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal))
                continue;
            var choice = JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices")[0];
            if (choice.GetProperty("delta").TryGetProperty("content", out var piece))
                text.Append(piece.GetString());
        }
        return text.ToString();
    }

    /// <summary>
    /// Takes connections, reads, says its one sentence and hangs up; with no sentence it says nothing.
    /// </summary>
    sealed class Liar : IDisposable
    {
        readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        readonly string _sentence;

        // Held on to: a connection that nobody knows of is closed when memory is collected.
        readonly List<TcpClient> _silent = [];

        public Liar(string sentence)
        {
            _sentence = sentence;
            _listener.Start();
            _ = ServeAsync();
        }

        public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

        public int Requests { get; private set; }

        public void Dispose()
        {
            _listener.Stop();
            lock (_silent)
                _silent.ForEach(client => client.Dispose());
        }

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    var client = await _listener.AcceptTcpClientAsync();
                    var heard = new byte[4096];
                    await client.GetStream().ReadAtLeastAsync(heard, 4);
                    if (!heard.AsSpan().StartsWith("POST"u8))
                        continue;
                    Requests++;
                    if (_sentence.Length == 0)
                    {
                        lock (_silent)
                            _silent.Add(client);
                        continue;
                    }
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(_sentence));
                    client.Dispose();
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Stopped.
            }
        }
    }
}
