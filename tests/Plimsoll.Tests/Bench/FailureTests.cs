using System;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class FailureTests
{
    const int Tokens = 5;

    /// <summary>
    /// An endpoint that breaks under the load, not before it: every failure has its kind and is counted.
    /// </summary>
    [Theory]
    [InlineData("401", "unauthorised", "HTTP 401: who are you")]
    [InlineData("404", "not_found", "HTTP 404: who are you")]
    [InlineData("429", "rate_limited", "HTTP 429: who are you")]
    [InlineData("400", "refused", "HTTP 400: who are you")]
    [InlineData("503", "server_error", "HTTP 503: who are you")]
    [InlineData("html", "not_events", "content type text/html; expected text/event-stream")]
    [InlineData("json", "not_events", "expected text/event-stream; it said: the model is overloaded")]
    [InlineData("malformed", "malformed", "an event that is no JSON of a chunk")]
    [InlineData("odd response", "malformed", "an event that is no JSON of a chunk: {\"response\":5")]
    [InlineData("odd name", "malformed", "an event that is no JSON of a chunk: {\"\\ud800\":1")]
    [InlineData("null response", "truncated", "without a reason and without an end mark")]
    [InlineData("error", "error_event", "out of memory")]
    [InlineData("cut", "disconnected", "")]
    [InlineData("no end", "truncated", "without a reason and without an end mark")]
    [InlineData("empty", "empty", "an answer of no tokens")]
    [InlineData("half a pair", "error_event", "\\ud800 is half")]
    [InlineData("no utf-8", "error_event", "bad")]
    [InlineData("packed", "not_events", "packed as gzip, which was not asked for")]
    [InlineData("307", "refused", "HTTP 307: redirects to http://elsewhere/; expected the address itself")]
    [InlineData("502", "server_error", "HTTP 502 without a word")]
    [InlineData("endless", "overlong", "more than 16464 pieces of an answer of 5 tokens at most")]
    [InlineData("never", "timed_out", "no whole answer within 0.3 s")]
    public async Task Every_failure_has_its_kind(string how, string kind, string message)
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
            ScriptedEndpoint.Asked(body) == Tokens ? Fail(context, body, how)
                : ScriptedEndpoint.Stream(context, body));
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions
            {
                BaseUrl = endpoint.BaseUrl, Model = "scripted", TimeoutNs = how == "never" ? 300_000_000
                    : 20_000_000_000,
            },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 200,
                Requests = 8 }],
            Load = "test",
        };
        using var run = new BenchRun(options);
        var level = run.Run(CancellationToken.None).Levels.Single();
        level.Completed.ShouldBe(0);
        level.Failed.ShouldBe(8);
        var failure = level.Failures.ShouldHaveSingleItem();
        (failure.Kind, failure.Count).ShouldBe((kind, 8));
        failure.Example.ShouldContain(message);
        failure.Example.ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_media_type_is_the_same_in_any_case()
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            context.Response.ContentType = "Text/Event-Stream; Charset=UTF-8";
            await ScriptedEndpoint.Event(context,
                """{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}""");
            await ScriptedEndpoint.Event(context, "[DONE]");
        });
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 100,
                Requests = 4 }],
            Load = "test",
        });
        run.Run(CancellationToken.None).Completed.ShouldBe(4);
    }

    /// <summary>What is no chunk before the load is one line too, as it is under it.</summary>
    [Theory]
    [InlineData("""{"response":5,"choices":[]}""")]
    [InlineData("""{"\ud800":1,"choices":[]}""")]
    public async Task An_odd_chunk_before_the_load_is_one_line(string chunk)
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, _) =>
        {
            context.Response.ContentType = "text/event-stream";
            return ScriptedEndpoint.Event(context, chunk);
        });
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 1,
                Requests = 1 }],
            Load = "test",
        };
        using var run = new BenchRun(options);
        var failure = Should.Throw<EndpointFailure>(() => run.Run(CancellationToken.None));
        failure.Kind.ShouldBe(FailureKind.Malformed);
        failure.Message.ShouldContain("an event that is no JSON of a chunk");
    }

    /// <summary>
    /// Over HTTP/2 a server may reset one answer, and may say that it closes a connection (GOAWAY) while it
    /// serves what is under way on it: the first is a failure, the second none.
    /// </summary>
    [Theory]
    [InlineData(true, "disconnected")]
    [InlineData(false, null)]
    public async Task A_reset_of_a_stream_is_a_failure_and_a_connection_that_closes_is_none(
        bool resets, string? kind)
    {
        await using var endpoint = await ScriptedEndpoint.Start(async (context, body) =>
        {
            if (ScriptedEndpoint.Asked(body) == Tokens && resets)
            {
                context.Response.ContentType = "text/event-stream";
                await ScriptedEndpoint.Event(context, """{"choices":[{"index":0,"delta":{"content":"a"}}]}""");
                context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(errorCode: 2);
                return;
            }
            context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
            await ScriptedEndpoint.Stream(context, body, ScriptedEndpoint.Asked(body), _ => 2, 1);
        }, http2: true);
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted", Http2 = true },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 400,
                Requests = 60 }],
            Load = "test",
        };
        using var run = new BenchRun(options);
        var level = run.Run(CancellationToken.None).Levels.Single();
        (level.Completed, level.Failed).ShouldBe(resets ? (0, 60) : (60, 0),
            string.Join("; ", level.Failures));
        level.Failures.SingleOrDefault()?.Kind.ShouldBe(kind);
    }

    [Theory]
    [InlineData("abc\n")]
    [InlineData("a b")]
    [InlineData("schlüssel")]
    public void A_key_that_no_header_carries_is_refused_and_not_printed(string key)
    {
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = new Uri("http://127.0.0.1:9"), Model = "m" },
            Levels = [new LevelOptions { Name = "gold", Lengths = new LengthOptions(20, Tokens),
                RequestsPerSecond = 1, Requests = 1, ApiKey = key }],
            Load = "test",
        };
        Should.Throw<BadInputException>(() => new BenchRun(options)).Message.ShouldBe("level gold: api_key: "
            + "no header can carry it; expected visible ASCII without spaces and line ends");
        var own = options with { Levels = [options.Levels[0] with { ApiKey = null }],
            Endpoint = options.Endpoint with { ApiKey = key } };
        Should.Throw<BadInputException>(() => new BenchRun(own)).Message.ShouldStartWith("the endpoint's ");
    }

    /// <summary>Whatever keeps a request from being made is its failure: Send never throws.</summary>
    [Fact]
    public async Task A_request_that_cannot_be_made_is_a_failure()
    {
        await using var server = await ScriptedEndpoint.Start();
        using var endpoint = new Plimsoll.Bench.Wire.Endpoint(
            new EndpointOptions { BaseUrl = server.BaseUrl, Model = "scripted" }, new RunClock());
        var record = new RequestRecord { AskedOutputTokens = 1 };
        await endpoint.Send(default, record, "abc\n", CancellationToken.None);
        record.Failure.ShouldBe(FailureKind.Malformed);
        record.Message!.ShouldContain("FormatException");
        endpoint.HasAnswered.ShouldBeFalse();
        await endpoint.Send("{}"u8.ToArray(), new RequestRecord(), null, CancellationToken.None);
        endpoint.HasAnswered.ShouldBeTrue();
    }

    [Fact]
    public void Nobody_at_the_address_is_one_line()
    {
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = new Uri("http://127.0.0.1:9"), Model = "m" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 1,
                Requests = 1 }],
            Load = "test",
        };
        using var run = new BenchRun(options);
        var failure = Should.Throw<EndpointFailure>(() => run.Run(CancellationToken.None));
        failure.Kind.ShouldBe(FailureKind.Unreachable);
        failure.Message.ShouldStartWith("http://127.0.0.1:9/v1/chat/completions: ");
        FailedRun.Of(options, failure).Levels.Single().Failures.Single().Kind.ShouldBe("unreachable");
    }

    [Fact]
    public async Task A_stopped_run_has_a_result_of_what_ran()
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) => ScriptedEndpoint.Stream(
            context, body, ScriptedEndpoint.Asked(body), chunk =>
                ScriptedEndpoint.Asked(body) == Tokens ? 30 : 0, 1));
        var options = new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, Tokens), RequestsPerSecond = 50,
                Requests = 100_000 }],
            Load = "test",
        };
        using var stop = new CancellationTokenSource();
        using var run = new BenchRun(options, progress =>
        {
            if (progress.Ended >= 5)
                stop.Cancel();
        });
        var result = run.Run(stop.Token);
        result.Interrupted.ShouldBeTrue();
        result.Completed.ShouldBeGreaterThanOrEqualTo(5);
        result.Failed.ShouldBe(0);
        result.Levels.Single().Cancelled.ShouldBeGreaterThan(0);
    }

    static string Odd(string how) => how switch
    {
        "odd response" => """{"response":5,"choices":[]}""",
        "odd name" => """{"\ud800":1,"choices":[]}""",
        _ => """{"response":null,"choices":[]}""",
    };

    static string ContentType(string how) => how switch
    {
        "html" => "text/html",
        "json" => "application/json",
        _ => "text/event-stream",
    };

    static async Task Fail(HttpContext context, JsonObject body, string how)
    {
        if (int.TryParse(how, out var status))
        {
            context.Response.StatusCode = status;
            if (status == 307)
                context.Response.Headers.Location = "http://elsewhere/";
            if (status is 307 or 502)
                return;
            await context.Response.WriteAsJsonAsync(new { error =
                new { message = "who\nare you", type = "x" } });
            return;
        }
        context.Response.ContentType = ContentType(how);
        if (how == "packed")
            context.Response.Headers.ContentEncoding = "gzip";
        if (how is not ("empty" or "html" or "json"))
            await ScriptedEndpoint.Event(context, """{"choices":[{"index":0,"delta":{"content":"a"}}]}""");
        switch (how)
        {
            case "html" or "json":
                await context.Response.WriteAsync(how == "html" ? "<html><body>a proxy's page</body></html>"
                    : """{"error":{"message":"the model is overloaded"}}""");
                break;
            case "malformed":
                await ScriptedEndpoint.Event(context, "{\"choices\":[{\"delta\":{\"content\":\"a");
                break;
            case "odd response" or "odd name" or "null response":
                await ScriptedEndpoint.Event(context, Odd(how));
                break;
            case "error" or "half a pair":
                await ScriptedEndpoint.Event(context, how == "error"
                    ? """{"error":{"message":"out of memory"}}"""
                    : """{"error":{"message":"\ud800 is half"}}""");
                break;
            case "no utf-8":
                await context.Response.Body.WriteAsync(
                    (byte[])[.. "data: {\"error\":\"bad "u8, 0xff, .. "\"}\n\n"u8]);
                break;
            case "endless":
                var many = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(
                    """data: {"choices":[{"index":0,"delta":{"content":"a"}}]}""" + "\n\n", 1000)));
                while (!context.RequestAborted.IsCancellationRequested)
                    await context.Response.Body.WriteAsync(many);
                break;
            case "cut":
                context.Abort();
                break;
            case "empty":
                await ScriptedEndpoint.Event(context, "[DONE]");
                break;
            case "never":
                while (!context.RequestAborted.IsCancellationRequested)
                {
                    await ScriptedEndpoint.Event(context, """{"choices":[{"index":0,"delta":{"content":"a"}}]}""");
                    await Task.Delay(20);
                }
                break;
        }
    }
}
