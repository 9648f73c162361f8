using System.IO;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>The ledger against what was forecast, against fair shares, and what is kept of whom.</summary>
public sealed class LedgerTests
{
    const string Hello = """{"model":"sim","max_tokens":8,"messages":[{"role":"user","content":"a secret word"}]}""";

    [Fact]
    public async Task Forecast_stands_beside_realised()
    {
        using var folder = new TemporaryFolder();
        var account = PlimsollProcess.Run(
            "account", "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--tp", "1", "--requests", "600",
            "--json");
        account.ExitCode.ShouldBe(0, account.Story);
        var file = folder.File("account.json", account.Output);
        await using var server = await RunningServer.StartAsync();
        for (var i = 0; i < 3; i++)
            await server.PostAsync("/v1/chat/completions", Hello);
        await Task.Delay(1200);
        var ledger = Path.Combine(server.State, "plimsoll.db");
        var result = PlimsollProcess.Run("ledger", "--ledger", ledger, "--against", file, "--json");
        result.ExitCode.ShouldBe(0, result.Story);
        var classes = JsonDocument.Parse(result.Output).RootElement.GetProperty("classes");
        classes.GetArrayLength().ShouldBe(2);
        var interactive = classes[0];
        interactive.GetProperty("class").GetString().ShouldBe("interactive");
        interactive.GetProperty("output_tokens").GetInt32().ShouldBe(24);
        interactive.GetProperty("realised_usd").GetDouble().ShouldBeGreaterThan(0);
        // The forecast is the account's own prices for these tokens, and nothing else.
        var cost = JsonDocument.Parse(account.Output).RootElement.GetProperty("classes")[0]
            .GetProperty("cost");
        var expected = ((interactive.GetProperty("prompt_tokens").GetInt32()
            * cost.GetProperty("usdPerMillionInputTokens").GetDouble())
            + (24 * cost.GetProperty("usdPerMillionOutputTokens").GetDouble())) / 1e6;
        interactive.GetProperty("forecast_usd").GetDouble().ShouldBe(expected, 1e-12);
        // A nearly idle card is dearer than a fleet that is sized for its load.
        interactive.GetProperty("ratio").GetDouble().ShouldBeGreaterThan(1);
        classes[1].GetProperty("ratio").ValueKind.ShouldBe(JsonValueKind.Null);
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--against", file).Output.ShouldContain("forecast");
        PlimsollProcess.Run("ledger", "--ledger", ledger, "--against", folder.File("no.json", "{}"))
            .ShouldBeRefused("plimsoll/account/1");
    }

    [Fact]
    public async Task The_audit_holds_bills_against_fair_shares_and_keeps_what_it_finds()
    {
        await using var server = await RunningServer.StartAsync();
        var all = new Task[24];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = server.PostAsync("/v1/chat/completions",
                Hello.Replace("secret", string.Join(' ', new string[20 * i])));
        }
        await Task.WhenAll(all);
        await server.Host.AuditAsync();
        var found = PlimsollProcess.Run(
            "ledger", "--ledger", Path.Combine(server.State, "plimsoll.db"), "--audits");
        found.ExitCode.ShouldBe(0, found.Story);
        found.Output.ShouldContain("sim");
        var page = await server.Client.GetStringAsync("/metrics");
        page.ShouldContain("plimsoll_ledger_shapley_error_ratio{model_name=\"sim\"}");
    }

    /// <summary>Nothing of a request is on the disk unless its tenant has asked for it.</summary>
    [Fact]
    public async Task Bodies_are_kept_for_whom_has_opted_in_and_for_nobody_else()
    {
        var (kept, keptKey) = RunningServer.NewKey("a/../c", key => key.Capture = true);
        var (other, otherKey) = RunningServer.NewKey("quiet");
        using var folder = new TemporaryFolder();
        await using var engine = await RunningServer.StartAsync();
        var server = await RunningServer.StartAsync(config =>
        {
            config.State = folder.Path;
            config.Keys = [keptKey, otherKey];
            config.Models.Add(new() { Name = "fleet", Upstreams =
                [new() { Url = engine.Address.ToString(), Model = "sim" }] });
        });
        await using (server)
        {
            await server.PostAsync("/v1/chat/completions", Hello.Replace("secret", "silent"), other);
            await server.PostAsync("/v1/chat/completions", Hello, kept);
            await StreamAsync(server, Hello, kept);
            foreach (var body in new[] { Hello.Replace("\"sim\"", "\"fleet\"") })
            {
                await server.PostAsync("/v1/chat/completions", body, kept);
                await StreamAsync(server, body, kept);
            }
        }
        var file = Path.Combine(folder.Path, "capture", "a%002f%002e%002e%002fc.jsonl");
        var lines = File.ReadAllLines(file);
        lines.Length.ShouldBe(4);
        foreach (var line in lines)
        {
            var exchange = JsonDocument.Parse(line).RootElement;
            exchange.GetProperty("request").GetProperty("messages")[0].GetProperty("content").GetString()
                .ShouldBe("a secret word");
            var choice = exchange.GetProperty("response").GetProperty("choices")[0];
            choice.GetProperty("message").GetProperty("content").GetString().ShouldNotBeNullOrEmpty();
            choice.GetProperty("finish_reason").GetString().ShouldBe("length");
        }
        foreach (var path in Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories))
            File.ReadAllText(path).ShouldNotContain("silent", customMessage: path);
    }

    static async Task StreamAsync(RunningServer server, string body, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body.Replace("{\"model\"", "{\"stream\":true,\"model\"")),
        };
        request.Headers.Add("Authorization", $"Bearer {key}");
        var response = await server.Client.SendAsync(request);
        (await response.Content.ReadAsStringAsync()).ShouldContain("[DONE]");
    }
}
