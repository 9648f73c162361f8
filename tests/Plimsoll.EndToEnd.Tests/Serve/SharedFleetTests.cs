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

/// <summary>Several gateways before the same engine, on one PostgreSQL ledger.</summary>
public sealed class SharedFleetTests
{
    const decimal UsdPerHour = 3600;

    static string Ask(int maxTokens) =>
        $$"""{"model":"fleet","max_tokens":{{maxTokens}},"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Two_gateways_book_their_engines_time_once_each_by_its_tokens()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (keyA, a) = RunningServer.NewKey("a");
        var (keyB, b) = RunningServer.NewKey("b");
        var began = DateTimeOffset.UtcNow;
        var one = await RunningServer.StartAsync(change => Share(change, postgres!, engine, a));
        var two = await RunningServer.StartAsync(change => Share(change, postgres!, engine, b));
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
        var rows = LedgerReader.Rows(database);
        var served = rows.Where(row => row.Account == LedgerAccounts.Served).ToList();
        var spentA = Dollars(served.Where(row => row.Tenant == "a"));
        var spentB = Dollars(served.Where(row => row.Tenant == "b"));
        var tokensA = (double)Tokens(served.Where(row => row.Tenant == "a"));
        var tokensB = (double)Tokens(served.Where(row => row.Tenant == "b"));
        var (share, tokens) = (spentA / (spentA + spentB), tokensA / (tokensA + tokensB));
        share.ShouldBe(tokens, 0.1, $"{spentA} of {spentB} USD, {tokensA} of {tokensB} tokens");
        // Nothing of what was served is lost where both leave in order.
        Dollars(rows.Where(row => row.Account == LedgerAccounts.Down)).ShouldBeLessThan(0.05 * dollars);
    }

    [Fact]
    public async Task A_budget_holds_for_both_gateways_together()
    {
        const decimal Budget = 2;
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (key, config) = RunningServer.NewKey("acme", one => one.BudgetUsdPerDay = Budget);
        var one = await RunningServer.StartAsync(change => Share(change, postgres!, engine, config));
        var two = await RunningServer.StartAsync(change => Share(change, postgres!, engine, config));
        await using (one)
        {
            await using (two)
            {
                var until = DateTimeOffset.UtcNow.AddSeconds(6);
                await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                    AskOnAsync(i % 2 == 0 ? one : two, key, 24, until)));
                var last = await one.PostAsync("/v1/chat/completions", Ask(24), key);
                last.Status.ShouldBe(429);
                (await two.PostAsync("/v1/chat/completions", Ask(24), key)).Status.ShouldBe(429);
            }
        }
        using var database = Database.Open(postgres!.Url, "");
        var audit = LedgerReader.Check(database).ShouldHaveSingleItem();
        audit.Posted.ShouldBe(audit.Bill);
        // Each gateway lets one request in alone while anything is left.
        Dollars(LedgerReader.Rows(database).Where(row => row.Tenant == "acme"))
            .ShouldBeInRange(0.5 * (double)Budget, 1.3 * (double)Budget);
    }

    [Fact]
    public async Task Gateways_that_name_an_engine_or_its_price_differently_are_told_so()
    {
        using var postgres = PostgresServer.TryStart();
        Assert.SkipWhen(postgres is null, "PostgreSQL is not installed");
        await using var engine = await RunningServer.StartAsync();
        var (_, key) = RunningServer.NewKey("a");
        await using var one = await RunningServer.StartAsync(change => Share(change, postgres!, engine, key));
        var dearer = await Should.ThrowAsync<Core.BadInputException>(() => RunningServer.StartAsync(change =>
        {
            Share(change, postgres!, engine, key);
            change.Models[0].PriceUsdPerHour = 7;
        }));
        dearer.Message.ShouldContain("expected one price");
        var swapped = await Should.ThrowAsync<Core.BadInputException>(() => RunningServer.StartAsync(change =>
        {
            Share(change, postgres!, engine, key);
            change.Models[0].Upstreams.Insert(0, new UpstreamConfig { Url = "http://127.0.0.1:1" });
        }));
        swapped.Message.ShouldContain("in the same order");
    }

    static void Share(ServeConfig config, PostgresServer postgres, RunningServer engine, KeyConfig key)
    {
        config.Ledger = postgres.Url;
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

    static long Tokens(IEnumerable<LedgerRow> rows) =>
        rows.Sum(row => row.PromptTokens + (4 * row.OutputTokens));
}
