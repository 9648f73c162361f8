using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>Several gateways before the same engine, on one PostgreSQL ledger or each on its own.</summary>
public sealed class SharedFleetTests
{
    const decimal UsdPerHour = 3600;

    static string Ask(int maxTokens) =>
        $$"""{"model":"fleet","max_tokens":{{maxTokens}},"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Two_gateways_book_their_engines_time_once()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (keyA, a) = RunningServer.NewKey("a");
        var (keyB, b) = RunningServer.NewKey("b");
        var began = DateTimeOffset.UtcNow;
        var one = await RunningServer.StartAsync(change => Before(change, postgres!.Url, engine, a));
        var two = await RunningServer.StartAsync(change => Before(change, postgres!.Url, engine, b));
        await using (one)
        {
            await using (two)
            {
                var until = DateTimeOffset.UtcNow.AddSeconds(4);
                await Task.WhenAll(AskOnAsync(one, keyA, 36, until), AskOnAsync(two, keyB, 12, until));
            }
        }
        var seconds = (DateTimeOffset.UtcNow - began).TotalSeconds;
        using var database = Database.Open(postgres!.Url, "");
        var audit = LedgerReader.Check(database).ShouldHaveSingleItem();
        audit.Posted.ShouldBe(audit.Bill);
        var dollars = (double)audit.Bill / 1e12;
        dollars.ShouldBeInRange(3, seconds);
        // By tokens, as laws say to the unit; here both pay for what was served to them.
        var served = LedgerReader.Rows(database).Where(row => row.Account == LedgerAccounts.Served).ToList();
        foreach (var tenant in new[] { "a", "b" })
        {
            var own = served.Where(row => row.Tenant == tenant).ToList();
            own.Sum(row => row.OutputTokens).ShouldBeGreaterThan(0);
            Dollars(own).ShouldBeGreaterThan(0.1);
        }
    }

    [Fact]
    public async Task A_budget_holds_for_both_gateways_together()
    {
        const decimal Budget = 2;
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = Budget);
        var one = await RunningServer.StartAsync(change => Before(change, postgres!.Url, engine, config));
        var two = await RunningServer.StartAsync(change => Before(change, postgres!.Url, engine, config));
        await using (one)
        {
            await using (two)
            {
                await UntilRefusedAsync(one, key);
                // It has spent nothing itself.
                await UntilRefusedAsync(two, key);
                (await one.PostAsync("/v1/chat/completions", Ask(24), key)).Status.ShouldBe(429);
            }
        }
        using var database = Database.Open(postgres!.Url, "");
        var audit = LedgerReader.Check(database).ShouldHaveSingleItem();
        audit.Posted.ShouldBe(audit.Bill);
        Dollars(LedgerReader.Rows(database).Where(row => row.Tenant == "acme"))
            .ShouldBeGreaterThanOrEqualTo((double)Budget);
    }

    [Fact]
    public async Task Gateways_that_name_an_engine_or_its_price_differently_are_told_so()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (_, key) = RunningServer.NewKey("a");
        await using var one = await RunningServer.StartAsync(
            change => Before(change, postgres!.Url, engine, key));
        var dearer = await Should.ThrowAsync<Core.BadInputException>(() => RunningServer.StartAsync(change =>
        {
            Before(change, postgres!.Url, engine, key);
            change.Models[0].PriceUsdPerHour = 7;
        }));
        dearer.Message.ShouldContain("expected one price");
        var swapped = await Should.ThrowAsync<Core.BadInputException>(() => RunningServer.StartAsync(change =>
        {
            Before(change, postgres!.Url, engine, key);
            change.Models[0].Upstreams.Insert(0, new UpstreamConfig { Url = "http://127.0.0.1:1" });
        }));
        swapped.Message.ShouldContain("in the same order");
    }

    /// <summary>On SQLite each knows of no other: it spends a budget and books an engine alone.</summary>
    [Fact]
    public async Task On_sqlite_a_budget_holds_for_each_gateway_alone_and_each_books_all_the_time()
    {
        await using var engine = await RunningServer.StartAsync();
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = 0.5m);
        await using var one = await RunningServer.StartAsync(
            change => Before(change, "sqlite", engine, config));
        await using var two = await RunningServer.StartAsync(
            change => Before(change, "sqlite", engine, config));
        var began = DateTimeOffset.UtcNow;
        foreach (var gateway in new[] { one, two })
        {
            gateway.Story.ShouldContain("this gateway books all the time of its upstreams");
            (await gateway.PostAsync("/v1/chat/completions", Ask(24), key)).Status.ShouldBe(200);
            await UntilRefusedAsync(gateway, key);
        }
        (await RunningServer.EventuallyAsync(
            () => Task.FromResult((Bill(one) + Bill(two)) / (DateTimeOffset.UtcNow - began).TotalSeconds),
            dollarsPerSecond => dollarsPerSecond > 1.2)).ShouldBeGreaterThan(1.2);
    }

    static double Bill(RunningServer gateway)
    {
        using var database = Database.Open("sqlite", gateway.State);
        return LedgerReader.Check(database).Sum(audit => (double)audit.Bill) / 1e12;
    }

    static void Before(ServeConfig config, string ledger, RunningServer engine, KeyConfig key)
    {
        config.Ledger = ledger;
        config.Keys = [key];
        config.Models =
        [
            new ModelConfig
            {
                Name = "fleet",
                PriceUsdPerHour = UsdPerHour,
                Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
            },
        ];
    }

    /// <summary>Asks, a request at a time, until the day's budget is spent, and not only held.</summary>
    static async Task UntilRefusedAsync(RunningServer server, string key) =>
        (await RunningServer.EventuallyAsync(
            async () => (await server.PostAsync("/v1/chat/completions", Ask(24), key)).Body.ToString(),
            body => body.Contains("exceeded your budget"), TimeSpan.FromMinutes(1)))
        .ShouldContain("exceeded your budget");

    /// <summary>One client that asks again and again.</summary>
    static async Task AskOnAsync(RunningServer server, string key, int maxTokens, DateTimeOffset until)
    {
        while (DateTimeOffset.UtcNow < until)
        {
            if ((await server.PostAsync("/v1/chat/completions", Ask(maxTokens), key)).Status != 200)
                await Task.Delay(50);
        }
    }

    static double Dollars(IEnumerable<LedgerRow> rows) => rows.Sum(row => row.Total / 1e12);
}
