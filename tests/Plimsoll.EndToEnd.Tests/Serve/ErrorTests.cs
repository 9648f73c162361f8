using System;
using System.Linq;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Bad requests get a clear error in OpenAI's shape, and the server goes on.</summary>
public sealed class ErrorTests
{
    const string Hello = """{"model":"sim","max_tokens":2,"messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData("/v1/chat/completions", "{", 400, "parse")]
    [InlineData("/v1/chat/completions", "[]", 400, "JSON object")]
    [InlineData("/v1/chat/completions", "{}", 400, "model")]
    [InlineData("/v1/chat/completions", """{"model":"other","messages":[]}""", 404, "does not exist")]
    [InlineData("/v1/chat/completions", """{"model":"sim"}""", 400, "messages")]
    [InlineData("/v1/chat/completions", """{"model":"sim","messages":[]}""", 400, "messages")]
    [InlineData("/v1/chat/completions", """{"model":"sim","messages":[{"role":"king","content":"x"}]}""", 400, "king")]
    [InlineData("/v1/chat/completions", """{"model":"sim","messages":[{"role":"user"}]}""", 400, "content")]
    [InlineData("/v1/chat/completions", """{"model":"sim","temperature":9,"messages":[{"role":"user","content":"x"}]}""", 400, "temperature")]
    [InlineData("/v1/chat/completions", """{"model":"sim","n":"two","messages":[{"role":"user","content":"x"}]}""", 400, "integer")]
    [InlineData("/v1/chat/completions", """{"model":"sim","service_tier":"gold","messages":[{"role":"user","content":"x"}]}""", 400, "gold")]
    [InlineData("/v1/chat/completions", """{"model":"sim","max_tokens":999999999,"messages":[{"role":"user","content":"x"}]}""", 400, "maximum context length")]
    [InlineData("/v1/chat/completions", """{"model":"sim","response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"wrong"}}},"messages":[{"role":"user","content":"x"}]}""", 400, "type wrong")]
    [InlineData("/v1/chat/completions", """{"model":"sim","response_format":{"type":"xml"},"messages":[{"role":"user","content":"x"}]}""", 400, "json_schema")]
    [InlineData("/v1/completions", """{"model":"sim","prompt":[[-1]]}""", 400, "token ids")]
    [InlineData("/v1/embeddings", """{"model":"sim","input":"x","dimensions":100000}""", 400, "dimensions")]
    [InlineData("/v1/batches", """{"endpoint":"/v1/chat/completions","completion_window":"24h","input_file_id":"file-x"}""", 404, "file-x")]
    [InlineData("/v1/load_lora_adapter", """{"lora_name":"a","lora_path":"/nowhere"}""", 400, "/nowhere")]
    [InlineData("/v1/nothing", "{}", 404, "/v1/nothing")]
    public async Task It_is_said_in_OpenAIs_shape(string path, string body, int status, string what)
    {
        await using var server = await RunningServer.StartAsync();
        var (code, answer, _) = await server.PostAsync(path, body);
        code.ShouldBe(status);
        var error = answer.GetProperty("error");
        error.GetProperty("message").GetString()!.ShouldContain(what);
        error.GetProperty("type").GetString().ShouldBe("invalid_request_error");
        error.TryGetProperty("param", out _).ShouldBeTrue();
        error.TryGetProperty("code", out _).ShouldBeTrue();
        (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_schema_that_is_none_is_response_formats_fault()
    {
        await using var server = await RunningServer.StartAsync();
        var (_, answer, _) = await server.PostAsync("/v1/chat/completions",
            """{"model":"sim","response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"wrong"}}},"messages":[{"role":"user","content":"x"}]}""");
        answer.GetProperty("error").GetProperty("param").GetString().ShouldBe("response_format");
    }

    /// <summary>Who reads an answer in a terminal reads text, not escapes.</summary>
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"Größe 漢 'a'","messages":[]}""")]
    [InlineData("/v1/completions", """{"model":"sim","prompt":"Größe 漢 'a'","echo":true,"max_tokens":1}""")]
    [InlineData("/v1/completions", """{"model":"sim","prompt":"Größe 漢 'a'","echo":true,"max_tokens":1,"stream":true}""")]
    public async Task Text_stands_in_an_answer_as_it_is(string path, string body)
    {
        await using var server = await RunningServer.StartAsync();
        var answer = await server.Client.PostAsync(
            path, new StringContent(body, Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))
            .ShouldContain("Größe 漢 'a'");
    }

    [Fact]
    public async Task Too_large_and_too_many_are_refused()
    {
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Limits.MaxRequestBytes = 2000;
            config.Limits.MaxConcurrentRequests = 2;
        });
        var (status, _, _) = await server.PostAsync("/v1/chat/completions", Hello + new string(' ', 3000));
        status.ShouldBe(413);
        const string Long = """{"model":"sim","max_tokens":200,"ignore_eos":true,"messages":[{"role":"user","content":"hi"}]}""";
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => server.PostAsync("/v1/chat/completions", Long)));
        answers.Count(a => a.Status == 200).ShouldBeGreaterThanOrEqualTo(2);
        var refused = answers.First(a => a.Status == 429);
        refused.Response.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeGreaterThan(0);
        refused.Response.Headers.Contains("retry-after-ms").ShouldBeTrue();
        refused.Body.GetProperty("error").GetProperty("code").GetString().ShouldBe("rate_limit_exceeded");
    }

    [Fact]
    public async Task A_client_that_goes_away_frees_its_place()
    {
        await using var server = await RunningServer.StartAsync();
        using (var socket = new TcpClient(server.Address.Host, server.Address.Port))
        {
            const string Body = """{"model":"sim","stream":true,"max_tokens":5000,"ignore_eos":true,"messages":[{"role":"user","content":"hi"}]}""";
            var request = $"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: "
                + $"{Body.Length}\r\n\r\n{Body}";
            await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
            var buffer = new byte[2000];
            (await socket.GetStream().ReadAsync(buffer)).ShouldBeGreaterThan(0);
            (await server.Client.GetStringAsync("/metrics"))
                .ShouldContain("num_requests_running{model_name=\"sim\"} 1");
        }
        var metrics = await RunningServer.EventuallyAsync(
            () => server.Client.GetStringAsync("/metrics"), text =>
                text.Contains("num_requests_running{model_name=\"sim\"} 0"));
        metrics.ShouldContain("num_requests_running{model_name=\"sim\"} 0");
        metrics.ShouldContain("finished_reason=\"abort\"} 1");
    }

    [Fact]
    public async Task Injected_faults_reach_the_client_as_they_would_from_an_engine()
    {
        await using var server = await RunningServer.StartAsync(config =>
        {
            config.Models =
                [Faulty("errors", new FaultConfig { Errors = 1 }),
                    Faulty("drops", new FaultConfig { Drops = 1 }),
                Faulty("slow", new FaultConfig { SlowFirstTokens = 1, SlowFirstToken = "300ms" })];
        });
        var body = Hello.Replace("\"max_tokens\":2", "\"max_tokens\":8,\"ignore_eos\":true");
        (await server.PostAsync("/v1/chat/completions", body.Replace("sim", "errors"))).Status.ShouldBe(500);
        await Should.ThrowAsync<System.Net.Http.HttpRequestException>(
            () => server.PostAsync("/v1/chat/completions", body.Replace("sim", "drops")));
        var (status, slow, _) = await server.PostAsync("/v1/chat/completions", body.Replace("sim", "slow"));
        status.ShouldBe(200);
        slow.GetProperty("usage").GetProperty("completion_tokens").GetInt32().ShouldBe(8);
        var stream =
            await server.Client.PostAsync("/v1/chat/completions", new System.Net.Http.StringContent(
                body.Replace("sim", "errors").Replace("{\"model\"", "{\"stream\":true,\"model\"")));
        var events = await stream.Content.ReadAsStringAsync();
        events.ShouldContain("server_error");
        events.TrimEnd().ShouldEndWith("[DONE]");
    }

    [Fact]
    public async Task A_body_that_never_comes_is_given_up()
    {
        await using var server =
            await RunningServer.StartAsync(config => config.Limits.RequestTimeout = "300ms");
        using var socket = new TcpClient(server.Address.Host, server.Address.Port);
        await socket.GetStream().WriteAsync(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{\"mod"u8.ToArray());
        var buffer = new byte[4000];
        var count = await socket.GetStream().ReadAsync(buffer);
        Encoding.ASCII.GetString(buffer, 0, count).ShouldStartWith("HTTP/1.1 408");
    }

    static ModelConfig Faulty(string name, FaultConfig faults)
    {
        var model = RunningServer.Simulated(name);
        model.Simulated!.Faults = faults;
        return model;
    }
}
