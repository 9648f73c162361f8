using System;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>
/// Engines that hang, lie, reset and never end, behind the gateway: sockets that do just that.
/// </summary>
public sealed class FaultyUpstreamTests
{
    const string Hello = """{"model":"fleet","max_tokens":6,"messages":[{"role":"user","content":"hi"}]}""";
    const string Stream = """{"stream":true,"model":"fleet","messages":[{"role":"user","content":"hi"}]}""";
    const string StreamHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    const string Event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n";

    const string Json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

    [Theory]
    [InlineData("garbage", Json + "Content-Length: 6\r\n\r\n<html>")]
    [InlineData("no object", Json + "Content-Length: 2\r\n\r\n42")]
    [InlineData("too short", Json + "Content-Length: 900\r\n\r\n{\"id\":")]
    [InlineData("a bad chunk", Json + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")]
    [InlineData("a redirect",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")]
    public async Task A_lie_is_told_as_a_failure_of_the_upstream(string lie, string sentence)
    {
        using var upstream = new SocketUpstream(socket => socket.SayAsync(sentence));
        await using var gateway = await GatewayAsync(upstream.Url);
        var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(502, lie);
        body.GetProperty("error").GetProperty("code").GetString().ShouldBe("upstream_failed");
        upstream.Requests.ShouldBe(1);
    }

    /// <summary>Both may be at work on it: to ask another would pay twice.</summary>
    [Fact]
    public async Task What_has_taken_a_request_and_resets_is_not_asked_again_nor_is_another()
    {
        using var nonsense = new SocketUpstream(socket => socket.SayAsync("hello there\r\n\r\n"));
        using var reset = new SocketUpstream(socket => socket.ResetAsync());
        await using var gateway = await GatewayAsync(nonsense.Url, reset.Url, "http://127.0.0.1:1");
        for (var i = 1; i <= 3; i++)
        {
            var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
            status.ShouldBe(502);
            body.GetProperty("error").GetProperty("code").GetString().ShouldBe("upstream_failed");
            (nonsense.Requests + reset.Requests).ShouldBe(i);
        }
    }

    /// <summary>One client's request that breaks something says nothing of the others'.</summary>
    [Fact]
    public async Task Who_answers_500_again_and_again_is_asked_on()
    {
        using var upstream = new SocketUpstream(socket => socket.SayAsync(
            "HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nConnection: close\r\n"
                + "Content-Length: 2\r\n\r\n{}"));
        await using var gateway = await GatewayAsync(upstream.Url);
        for (var i = 0; i < 12; i++)
            (await gateway.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(500);
        upstream.Requests.ShouldBe(12);
    }

    [Theory]
    [InlineData("""{"error":{"message":"too long","type":"BadRequestError","param":"messages","code":400}}""",
        """{"error":{"message":"too long","type":"BadRequestError","param":"messages","code":"400"}}""")]
    [InlineData("""{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":"long"}""",
        """{"error":{"message":"too long","type":"BadRequestError","param":null,"code":"long"}}""")]
    [InlineData("too long",
        """{"error":{"message":"too long","type":"invalid_request_error","param":null,"code":null}}""")]
    public async Task A_batchs_error_file_has_the_upstreams_error_as_it_told_it(string told, string expected)
    {
        var head = "HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {told.Length}\r\n\r\n";
        using var upstream = new SocketUpstream(socket => socket.SayAsync(head + told));
        await using var gateway = await GatewayAsync(upstream.Url);
        var file = await gateway.UploadAsync(RunningServer.Line(0, "fleet"));
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var id = created.GetProperty("id").GetString();
        var batch = await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{id}")).Body,
            one => one.GetProperty("status").GetString() == "completed", TimeSpan.FromMinutes(1));
        var errors = await gateway.Client.GetStringAsync(
            $"/v1/files/{batch.GetProperty("error_file_id").GetString()}/content");
        errors.ShouldContain("\"status_code\":400");
        errors.ShouldContain($"\"body\":{expected}");
    }

    [Theory]
    [InlineData("hangs in the stream", false)]
    [InlineData("resets in the stream", true)]
    public async Task A_stream_that_stops_says_so_after_what_came(string what, bool resets)
    {
        using var upstream = new SocketUpstream(async socket =>
        {
            await socket.SayAsync(StreamHead + Event);
            if (resets)
                await socket.ResetAsync();
            else
                await Task.Delay(Timeout.Infinite, socket.Over);
        });
        await using var gateway = await GatewayAsync(upstream.Url);
        var events = await PostStreamAsync(gateway);
        events.ShouldContain("one", customMessage: what);
        events.ShouldContain("upstream_failed");
        events.TrimEnd().ShouldEndWith("data: [DONE]");
        upstream.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task An_event_without_an_end_is_cut_off_and_takes_no_memory()
    {
        var filler = new string('x', 256 * 1024);
        using var upstream = new SocketUpstream(async socket =>
        {
            await socket.SayAsync(StreamHead + Event + "data: {\"choices\":\"");
            while (!socket.Over.IsCancellationRequested)
                await socket.SayAsync(filler);
        });
        await using var gateway = await GatewayAsync(upstream.Url);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var events = await PostStreamAsync(gateway);
        events.ShouldContain("upstream_failed");
        events.Length.ShouldBeLessThan(10_000);
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(64 << 20);
    }

    [Fact]
    public async Task A_usage_that_cannot_be_is_not_booked_and_the_ledger_sums()
    {
        const string Body =
            """{"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":99999999999,"prompt_tokens_details":{"cached_tokens":"many"}}}""";
        using var upstream = new SocketUpstream(socket =>
            socket.SayAsync($"{Json}Content-Length: {Body.Length}\r\n\r\n{Body}"));
        await using (var gateway = await GatewayAsync(upstream.Url))
        {
            (await gateway.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
            await Task.Delay(700);
            var ledger = System.IO.Path.Combine(gateway.State, "plimsoll.db");
            PlimsollProcess.Run("ledger", "--ledger", ledger, "--check").ExitCode.ShouldBe(0);
            PlimsollProcess.Run("ledger", "--ledger", ledger, "--json").Output.ShouldNotContain("-5");
        }
    }

    [Fact]
    public async Task Who_fails_again_and_again_is_not_asked_for_a_while()
    {
        using var upstream = new SocketUpstream(socket => socket.SayAsync(
            "HTTP/1.1 504 Oops\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"));
        await using var gateway = await GatewayAsync(upstream.Url);
        var refused = 0;
        for (var i = 0; i < 12; i++)
        {
            var (status, body, _) = await gateway.PostAsync("/v1/chat/completions", Hello);
            refused += status == 503
                && body.GetProperty("error").GetProperty("code").GetString() == "no_upstream" ? 1 : 0;
        }
        upstream.Requests.ShouldBeInRange(4, 6);
        refused.ShouldBe(12 - upstream.Requests);
        (await gateway.Client.GetStringAsync("/metrics")).ShouldContain("plimsoll_upstream_circuit_open{");
    }

    [Fact]
    public async Task A_fallback_may_be_an_upstream_with_a_fallback_of_its_own()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(config => config.Models =
        [
            Fleet("fleet", "middle", "http://127.0.0.1:1"), Fleet("middle", "last", "http://127.0.0.1:1"),
            Fleet("last", null, engine.Address.ToString()),
        ]);
        var (status, body, response) = await gateway.PostAsync("/v1/chat/completions", Hello);
        status.ShouldBe(200, body.ToString());
        string.Join("", response.Headers.GetValues("x-plimsoll-fallback")).ShouldBe("last");
    }

    [Fact]
    public async Task A_keys_share_goes_to_the_canary_and_stays_there()
    {
        await using var old = await RunningServer.StartAsync();
        await using var canary = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(config =>
        {
            config.Models = [Fleet("fleet", null, old.Address.ToString(), canary.Address.ToString())];
            config.Models[0].Upstreams[0].Weight = 3;
        });
        var home = new string[60];
        for (var i = 0; i < 2 * home.Length; i++)
        {
            var (_, _, response) = await gateway.PostAsync("/v1/chat/completions",
                Hello.Replace("{\"model\"", $"{{\"user\":\"user {i % home.Length}\",\"model\""));
            var upstream = string.Join("", response.Headers.GetValues("x-plimsoll-upstream"));
            (home[i % home.Length] ??= upstream).ShouldBe(upstream);
        }
        Array.FindAll(home, one => one == canary.Address.ToString()).Length.ShouldBeInRange(6, 25);
    }

    static ModelConfig Fleet(string name, string? fallback, params string[] urls) => new()
    {
        Name = name,
        Fallback = fallback,
        PriceUsdPerHour = 2,
        Upstreams = [.. Array.ConvertAll(urls, url =>
            new UpstreamConfig { Url = url, Model = "sim", IdleTimeout = "2s" })],
    };

    static Task<RunningServer> GatewayAsync(params string[] urls) =>
        RunningServer.StartAsync(config => config.Models = [Fleet("fleet", null, urls)]);

    static async Task<string> PostStreamAsync(RunningServer server)
    {
        var response = await server.Client.PostAsync("/v1/chat/completions", new StringContent(Stream));
        return await response.Content.ReadAsStringAsync();
    }
}
