using System;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What a tenant may spend and use, with many at once and on every way to a model.</summary>
public sealed class BudgetTests
{
    const decimal PicoPerDollar = 1_000_000_000_000m;

    static string Ask(string model, int maxTokens, string more = "") =>
        $$"""{"model":"{{model}}","max_tokens":{{maxTokens}}{{more}},"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_gateway_spends_no_more_than_the_budget_however_many_come_at_once()
    {
        const decimal Budget = 0.008m;
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = Budget);
        await using var engine = await RunningServer.StartAsync();
        var gateway = await RunningServer.StartAsync(change =>
        {
            change.Keys = [config];
            change.Models = [Fleet(engine)];
        });
        await using (gateway)
        {
            for (var i = 0; i < 5; i++)
                await gateway.PostAsync("/v1/chat/completions", Ask("fleet", 20), key);
            (await AtOnceAsync(gateway, 200, Ask("fleet", 20), key)).ShouldContain(429);
        }
        Spent(gateway, "acme").ShouldBeInRange(0.000001m, Budget);
    }

    [Fact]
    public async Task A_fresh_server_spends_no_more_than_the_budget_however_many_come_at_once()
    {
        const decimal Budget = 0.001m;
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = Budget);
        var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        await using (server)
        {
            var all = await AtOnceAsync(server, 200, Ask("sim", 200), key);
            all.ShouldContain(200);
            all.ShouldContain(429);
        }
        Spent(server, "acme").ShouldBeInRange(0.000001m, Budget);
    }

    /// <summary>
    /// An engine at a dollar a second: what is beyond the budget is the time of what was in work at most.
    /// </summary>
    [Fact]
    public async Task One_request_alone_may_pass_a_budget_and_nothing_follows_it()
    {
        const decimal Budget = 0.001m;
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = Budget);
        var began = DateTimeOffset.UtcNow;
        var server = await RunningServer.StartAsync(change =>
        {
            change.Keys = [config];
            change.Models[0].PriceUsdPerHour = 3600;
        });
        TimeSpan inWork;
        await using (server)
        {
            var passing = server.PostAsync(
                "/v1/chat/completions", Ask("sim", 200, ",\"ignore_eos\":true"), key);
            await RunningServer.EventuallyAsync(
                () => Task.FromResult(server.Host.Book.OpenRequests), open => open > 0);
            (await server.PostAsync("/v1/chat/completions", Ask("sim", 2), key)).Status.ShouldBe(429);
            (await passing).Status.ShouldBe(200);
            inWork = DateTimeOffset.UtcNow - began;
            (await server.PostAsync("/v1/chat/completions", Ask("sim", 2), key)).Status.ShouldBe(429);
        }
        Spent(server, "acme").ShouldBeInRange(2 * Budget, (decimal)inWork.TotalSeconds);
    }

    [Fact]
    public async Task An_answer_that_nobody_limits_counts_as_a_usual_one()
    {
        const int Minute = 5000, Usual = 1024;
        var (key, config) = RunningServer.NewKey("acme", one => one.TokensPerMinute = Minute);
        await using var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        var (status, body, response) = await server.PostAsync("/v1/chat/completions",
            """{"model":"sim","messages":[{"role":"user","content":"hi"}]}""", key);
        status.ShouldBe(200, body.ToString());
        int.Parse(string.Join("", response.Headers.GetValues("x-ratelimit-remaining-tokens")))
            .ShouldBeInRange(Minute - Usual - 50, Minute - Usual - 1);
    }

    /// <summary>A budget that one line alone might pass has one line at work, not as many as go.</summary>
    [Fact]
    public async Task Lines_of_a_batch_count_what_they_may_come_to()
    {
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = 0.0001m);
        await using var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        var lines = string.Join('\n', Enumerable.Range(0, 100).Select(i =>
            RunningServer.Line(i, maxTokens: 100)));
        var file = await server.UploadAsync(lines, key);
        var (_, batch, _) = await server.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""", key);
        var address = $"/v1/batches/{batch.GetProperty("id").GetString()}";
        var most = 0;
        await RunningServer.EventuallyAsync(
            async () =>
            {
                most = Math.Max(most, server.Host.Book.OpenRequests);
                return (await server.GetAsync(address, key)).Body;
            },
            now => now.GetProperty("request_counts").GetProperty("completed").GetInt32() > 0);
        most.ShouldBe(1);
    }

    [Fact]
    public async Task The_least_budget_of_a_tenants_keys_holds_for_all_of_them()
    {
        var (_, poor) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = 0);
        var (key, rich) = RunningServer.NewKey("acme");
        await using var server = await RunningServer.StartAsync(change => change.Keys = [poor, rich]);
        (await server.PostAsync("/v1/chat/completions", Ask("sim", 2), key)).Status.ShouldBe(429);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"fleet","max_tokens":90,"n":10,"messages":[{"role":"user","content":"hi"}]}""")]
    [InlineData("/v1/completions", """{"model":"fleet","max_tokens":90,"n":2,"prompt":["a","b","c","d","e"]}""")]
    public async Task Tokens_per_minute_count_every_answer_behind_a_gateway(string path, string body)
    {
        var (key, config) = RunningServer.NewKey("acme", one => one.TokensPerMinute = 1000);
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(change =>
        {
            change.Keys = [config];
            change.Models = [Fleet(engine)];
        });
        var all = await AtOnceAsync(gateway, 4, body, key, path);
        all.Count(status => status == 200).ShouldBe(1);
        all.Count(status => status == 429).ShouldBe(3);
    }

    [Fact]
    public async Task Who_is_refused_for_the_budget_keeps_the_minutes_tokens()
    {
        var (key, config) = RunningServer.NewKey("acme", one =>
            (one.BudgetUsdPerDay, one.TokensPerMinute, one.RequestsPerMinute) = (0, 1000, 5));
        await using var server = await RunningServer.StartAsync(change => change.Keys = [config]);
        for (var i = 0; i < 8; i++)
        {
            var (status, body, _) = await server.PostAsync("/v1/chat/completions", Ask("sim", 500), key);
            status.ShouldBe(429);
            body.GetProperty("error").GetProperty("code").GetString().ShouldBe("insufficient_quota");
        }
    }

    [Fact]
    public async Task A_fallback_is_one_request_and_reserves_once()
    {
        var (key, config) = RunningServer.NewKey("acme", one =>
            (one.RequestsPerMinute, one.TokensPerMinute) = (1, 600));
        await using var server = await RunningServer.StartAsync(change =>
        {
            change.Keys = [config];
            change.Models =
            [
                new ModelConfig { Name = "fleet", Fallback = "sim",
                    Upstreams = [new UpstreamConfig { Url = "http://127.0.0.1:1" }] },
                RunningServer.Simulated(),
            ];
        });
        var (status, body, response) =
            await server.PostAsync("/v1/chat/completions", Ask("fleet", 500), key);
        status.ShouldBe(200, body.ToString());
        int.Parse(string.Join("", response.Headers.GetValues("x-ratelimit-remaining-tokens")))
            .ShouldBeInRange(1, 99);
    }

    static ModelConfig Fleet(RunningServer engine) => new()
    {
        Name = "fleet",
        PriceUsdPerHour = 2,
        Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
    };

    static async Task<int[]> AtOnceAsync(
        RunningServer server, int count, string body, string key, string path = "/v1/chat/completions")
    {
        var all = await Task.WhenAll(Enumerable.Range(0, count)
            .Select(_ => server.PostAsync(path, body, key)));
        return Array.ConvertAll(all, one => one.Status);
    }

    /// <summary>Dollars of today and, where the day has just changed, of yesterday.</summary>
    static decimal Spent(RunningServer server, string tenant)
    {
        var today = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86_400;
        var book = server.Host.Book;
        return (book.SpentOn(tenant, today) + book.SpentOn(tenant, today - 1)) / PicoPerDollar;
    }
}
