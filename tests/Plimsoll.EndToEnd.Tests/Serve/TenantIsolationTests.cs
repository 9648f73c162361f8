using System;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

public sealed class TenantIsolationTests
{
    const string Hello = """{"model":"sim","max_tokens":2,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Nobody_is_let_in_without_a_key_and_nobody_reads_anothers()
    {
        var (alice, aliceKey) = RunningServer.NewKey("alice");
        var (bob, bobKey) = RunningServer.NewKey("bob");
        await using var server = await RunningServer.StartAsync(config => config.Keys = [aliceKey, bobKey]);
        foreach (var path in new[] { "/v1/models", "/v1/files", "/v1/batches", "/metrics" })
        {
            (await server.GetAsync(path)).Status.ShouldBe(401, path);
            (await server.GetAsync(path, alice + "0")).Status.ShouldBe(401, path);
        }
        (await server.PostAsync("/v1/chat/completions", Hello)).Status.ShouldBe(401);
        (await server.GetAsync("/metrics", alice)).Status.ShouldBe(403);
        (await server.GetAsync("/health")).Status.ShouldBe(200);

        var file = await server.UploadAsync(RunningServer.Lines(1), alice);
        (await server.GetAsync($"/v1/files/{file}", alice)).Status.ShouldBe(200);
        (await server.GetAsync($"/v1/files/{file}", bob)).Status.ShouldBe(404);
        (await server.GetAsync($"/v1/files/{file}/content", bob)).Status.ShouldBe(404);
        var create = $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""";
        (await server.PostAsync("/v1/batches", create, bob)).Status.ShouldBe(404);
        var (status, batch, _) = await server.PostAsync("/v1/batches", create, alice);
        status.ShouldBe(200);
        var id = batch.GetProperty("id").GetString();
        (await server.GetAsync($"/v1/batches/{id}", bob)).Status.ShouldBe(404);
        (await server.PostAsync($"/v1/batches/{id}/cancel", "{}", bob)).Status.ShouldBe(404);
        (await server.GetAsync("/v1/batches", bob)).Body.GetProperty("data").GetArrayLength().ShouldBe(0);
        (await server.GetAsync("/v1/files", bob)).Body.GetProperty("data").GetArrayLength().ShouldBe(0);
        var delete = new HttpRequestMessage(HttpMethod.Delete, $"/v1/files/{file}");
        delete.Headers.Add("Authorization", $"Bearer {bob}");
        ((int)(await server.Client.SendAsync(delete)).StatusCode).ShouldBe(404);
        (await server.GetAsync($"/v1/files/{file}", alice)).Status.ShouldBe(200);
    }

    /// <summary>Asked by the description of the API itself, so that no endpoint is forgotten.</summary>
    [Fact]
    public async Task Every_endpoint_wants_a_key_and_what_operates_the_server_an_admins()
    {
        string[] anybodys = ["/health", "/version", "/openapi.json", "/docs", "/"];
        string[] operators =
            ["/metrics", "/live", "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/v1/rollouts"];
        var (alice, key) = RunningServer.NewKey("alice");
        await using var server = await RunningServer.StartAsync(config => config.Keys = [key]);
        var paths = (await server.GetAsync("/openapi.json")).Body.GetProperty("paths");
        var asked = 0;
        foreach (var path in paths.EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var where = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                var isAnybodys = anybodys.Contains(path.Name);
                (await StatusAsync(server, where, null)).ShouldBe(isAnybodys ? 200 : 401, where);
                (await StatusAsync(server, where, alice[..^1])).ShouldBe(isAnybodys ? 200 : 401, where);
                if (Array.Exists(operators, one => path.Name == one || path.Name.StartsWith(one + "/")))
                    (await StatusAsync(server, where, alice)).ShouldBe(403, where);
                asked++;
            }
        }
        asked.ShouldBeGreaterThan(30);
    }

    static async Task<int> StatusAsync(RunningServer server, string methodAndPath, string? key)
    {
        var (method, path) = (methodAndPath.Split(' ')[0], methodAndPath.Split(' ')[1]);
        var request = new HttpRequestMessage(
            new HttpMethod(method), Regex.Replace(path, "\\{[^}]*\\}", "x"));
        if (method == "POST")
            request.Content = new StringContent("{}");
        if (key is not null)
            request.Headers.Add("Authorization", $"Bearer {key}");
        using var response =
            await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        return (int)response.StatusCode;
    }

    [Theory]
    [InlineData("/v1/files/..%2f..%2fplimsoll.db/content")]
    [InlineData("/v1/files/%2e%2e%2fplimsoll.db")]
    [InlineData("/v1/files/../../etc/passwd")]
    public async Task No_path_leads_out_of_the_files(string path)
    {
        await using var server = await RunningServer.StartAsync();
        (await server.GetAsync(path)).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Limits_and_budgets_are_kept_before_the_work()
    {
        var (slow, slowKey) = RunningServer.NewKey("slow", key => key.RequestsPerMinute = 1);
        var (poor, poorKey) = RunningServer.NewKey("poor", key => key.BudgetUsdPerDay = 0);
        await using var server = await RunningServer.StartAsync(config => config.Keys = [slowKey, poorKey]);
        var (first, _, response) = await server.PostAsync("/v1/chat/completions", Hello, slow);
        first.ShouldBe(200);
        string.Join("", response.Headers.GetValues("x-ratelimit-limit-requests")).ShouldBe("1");
        string.Join("", response.Headers.GetValues("x-ratelimit-remaining-requests")).ShouldBe("0");
        var (second, body, limited) = await server.PostAsync("/v1/chat/completions", Hello, slow);
        second.ShouldBe(429);
        limited.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(50, 60);
        body.GetProperty("error").GetProperty("type").GetString().ShouldBe("rate_limit_error");
        var (status, answer, _) = await server.PostAsync("/v1/chat/completions", Hello, poor);
        status.ShouldBe(429);
        answer.GetProperty("error").GetProperty("code").GetString().ShouldBe("insufficient_quota");
    }

    /// <summary>A hundred at once would cost more than the day's budget: some of them are refused.</summary>
    [Fact]
    public async Task Requests_in_work_count_against_the_budget()
    {
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = 0.0004m);
        await using var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        var first = await server.PostAsync("/v1/chat/completions", Hello, key);
        first.Status.ShouldBe(200, first.Body.ToString());
        var all = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => server.PostAsync(
            "/v1/chat/completions", Hello.Replace("\"max_tokens\":2", "\"max_tokens\":60"), key)));
        all.ShouldContain(one => one.Status == 200);
        all.ShouldContain(one => one.Status == 429);
        all.Where(one => one.Status == 429).ShouldAllBe(one =>
            one.Body.GetProperty("error").GetProperty("code").GetString() == "insufficient_quota");
    }

    [Fact]
    public async Task Lines_of_a_batch_wait_for_a_day_with_a_budget()
    {
        var (key, config) = RunningServer.NewKey("poor", one => one.BudgetUsdPerDay = 0);
        await using var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        var file = await server.UploadAsync(RunningServer.Lines(3), key);
        var (_, batch, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", key);
        await Task.Delay(1500);
        var (_, now) = await server.GetAsync($"/v1/batches/{batch.GetProperty("id").GetString()}", key);
        now.GetProperty("status").GetString().ShouldBe("in_progress");
        now.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Levels_choose_the_promise_and_the_answer_says_what_became_of_it()
    {
        await using var server = await RunningServer.StartAsync();
        var (_, flex, flexResponse) = await server.PostAsync(
            "/v1/chat/completions", Hello.Replace("{\"model\"", "{\"service_tier\":\"flex\",\"model\""));
        flex.GetProperty("service_tier").GetString().ShouldBe("flex");
        string.Join("", flexResponse.Headers.GetValues("x-plimsoll-level")).ShouldBe("batch");
        Promise(flex).GetProperty("kept").ValueKind.ShouldBe(JsonValueKind.Null);
        var (_, usual, _) = await server.PostAsync("/v1/chat/completions", Hello);
        Promise(usual).GetProperty("kept").GetBoolean().ShouldBeTrue();
        server.Client.DefaultRequestHeaders.Add("x-slo-ttft-ms", "0.5");
        var (_, strict, _) = await server.PostAsync("/v1/chat/completions", Hello);
        Promise(strict).GetProperty("kept").GetBoolean().ShouldBeFalse();

        static JsonElement Promise(JsonElement body) => body.GetProperty("usage").GetProperty("promise");
    }
}
