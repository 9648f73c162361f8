using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>A candidate's way through a running server, on engines here and through the gateway.</summary>
public sealed class RolloutTests
{
    const string Plan = "\"shares\":[5000,10000],\"shadow_requests\":5,\"stage_requests\":5,"
        + "\"guards\":[{\"metric\":\"errors\",\"margin\":0.5}]";

    [Fact]
    public async Task A_good_candidate_goes_from_shadow_to_all_and_is_taken_back_by_hand()
    {
        await using var server = await RunningServer.StartAsync();
        var adapter = Adapter(server.State);
        var created = await StartAsync(server, $"\"candidate\":\"v2\",\"path\":\"{adapter}\"");
        created.GetProperty("stage").GetString().ShouldBe("shadow");
        var users = new Dictionary<string, string>();
        var state = await DriveAsync(server, users);
        state.GetProperty("stage").GetString().ShouldBe("promoted", state.ToString());
        state.GetProperty("history").EnumerateArray().Select(h => h.GetProperty("stage").GetString())
            .ShouldBe(["shadow", "canary", "promoted"]);
        (await AskAsync(server, "anyone")).Release.ShouldBe("v2#3");
        var (_, back, _) = await server.PostAsync("/v1/rollouts/task/rollback", """{"reason":"too dear"}""");
        back.GetProperty("revision").GetInt64().ShouldBe(4);
        back.GetProperty("reason").GetString().ShouldBe("too dear");
        (await AskAsync(server, "anyone")).Release.ShouldBe("sim#4");
        await Task.Delay(1500);
        var rows = PlimsollProcess.Run(
            "ledger", "--ledger", Path.Combine(server.State, "plimsoll.db"), "--by", "release", "--json")
            .Output;
        rows.ShouldContain("v2#3");
        rows.ShouldContain("sim#1");
    }

    [Fact]
    public async Task A_candidate_with_more_errors_is_taken_back_by_itself_in_one_revision()
    {
        await using var server = await RunningServer.StartAsync(config => config.Models.Add(new ModelConfig
        {
            Name = "bad",
            Simulated = new SimulatedConfig { MedianOutputTokens = 8, Faults = new() { Errors = 1 } },
        }));
        await StartAsync(server, "\"candidate\":\"bad\"", "\"shadow_requests\":0,\"shares\":[5000,10000]");
        var state = await DriveAsync(server, []);
        state.GetProperty("stage").GetString().ShouldBe("rolled_back");
        state.GetProperty("reason").GetString()!.ShouldStartWith("guard broken: errors: candidate 100.0 %");
        state.GetProperty("revision").GetInt64().ShouldBe(2);
        (await LiveAsync(server)).ShouldContain("rolled_back");
        for (var i = 0; i < 20; i++)
            (await AskAsync(server, $"after{i}")).Release.ShouldBe("sim#2");
    }

    /// <summary>The live page's first event.</summary>
    static async Task<string> LiveAsync(RunningServer server)
    {
        using var reader = new StreamReader(await server.Client.GetStreamAsync("/live"));
        await reader.ReadLineAsync();
        return (await reader.ReadLineAsync())!;
    }

    [Fact]
    public async Task Answers_outside_the_labels_break_their_guard()
    {
        await using var server = await RunningServer.StartAsync(
            config => config.Models.Add(RunningServer.Simulated("other")));
        // Nothing that the simulated engine says is a label, of either arm: the rates do not differ.
        await StartAsync(server, "\"candidate\":\"other\",\"labels\":[\"yes\"]",
            "\"shadow_requests\":500,\"guards\":[{\"metric\":\"invalid\",\"margin\":0.3,\"most\":0.3}]");
        var state = await DriveAsync(server, []);
        state.GetProperty("stage").GetString().ShouldBe("rolled_back");
        state.GetProperty("reason").GetString()!.ShouldContain("invalid");
    }

    [Fact]
    public async Task Through_the_gateway_the_adapter_is_loaded_upstream_and_asked_for_by_name()
    {
        await using var engine = await RunningServer.StartAsync();
        await using var gateway = await RunningServer.StartAsync(config => config.Models =
        [
            new ModelConfig { Name = "fleet", PriceUsdPerHour = 2, Upstreams =
                [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }] },
        ]);
        var adapter = Adapter(engine.State);
        await StartAsync(gateway, $"\"candidate\":\"v2\",\"path\":\"{adapter}\"", Plan, model: "fleet");
        (await engine.GetAsync("/v1/models")).Body.ToString().ShouldContain("\"v2\"");
        var state = await DriveAsync(gateway, []);
        state.GetProperty("stage").GetString().ShouldBe("promoted", state.ToString());
        var (_, body, response) = await gateway.PostAsync("/v1/chat/completions", Body("u"));
        body.GetProperty("model").GetString().ShouldBe("v2");
        response.Headers.GetValues("x-plimsoll-release").ShouldBe(["v2#3"]);
        var refused = await gateway.PostAsync("/v1/rollouts",
            """{"task":"second","model":"fleet","candidate":"v3","path":"/no/such/adapter"}""");
        refused.Status.ShouldBe(400);
        refused.Body.ToString().ShouldContain("cannot be loaded");
        (await gateway.GetAsync("/v1/rollouts/second")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task A_restart_keeps_what_was_decided_and_begins_what_was_not_again()
    {
        using var folder = new TemporaryFolder();
        var adapter = Adapter(folder.Path);
        await using (var server = await RunningServer.StartAsync(config => config.State = folder.Path))
        {
            await StartAsync(server, $"\"candidate\":\"v2\",\"path\":\"{adapter}\"");
            (await DriveAsync(server, [])).GetProperty("stage").GetString().ShouldBe("promoted");
            await StartAsync(server, $"\"candidate\":\"v3\",\"path\":\"{adapter}\"");
        }
        await using var again = await RunningServer.StartAsync(config => config.State = folder.Path);
        var state = (await again.GetAsync("/v1/rollouts/task")).Body;
        state.GetProperty("stage").GetString().ShouldBe("shadow");
        state.GetProperty("production").GetString().ShouldBe("v2");
        (await AskAsync(again, "anyone")).Release.ShouldBe($"v2#{state.GetProperty("revision").GetInt64()}");
    }

    [Theory]
    [InlineData("""{"task":"t","model":"sim","candidate":"v2"}""", "expected path")]
    [InlineData("""{"task":"t","model":"gone","candidate":"v2","path":"/x"}""", "not served here")]
    [InlineData("""{"task":"t","model":"sim","candidate":"sim"}""", "in production already")]
    [InlineData("""{"task":"t","model":"sim","candidate":"v2","colour":1}""", "colour")]
    [InlineData("""{"task":"t","model":"sim","candidate":"v2","path":"/x","shares":[10,5]}""", "shares")]
    [InlineData("""{"task":"t","model":"sim","candidate":"v","guards":[{"metric":"joy","margin":0.1}]}""",
        "guard joy: not measured")]
    [InlineData("""{"model":"sim","candidate":"v2"}""", "task")]
    public async Task What_cannot_be_rolled_out_is_refused_and_changes_nothing(string body, string expected)
    {
        await using var server = await RunningServer.StartAsync();
        var (status, error, _) = await server.PostAsync("/v1/rollouts", body);
        status.ShouldBe(400, error.ToString());
        error.GetProperty("error").GetProperty("message").GetString()!.ShouldContain(expected);
        (await server.GetAsync("/v1/rollouts")).Body.GetProperty("data").GetArrayLength().ShouldBe(0);
    }

    static string Adapter(string folder)
    {
        var path = Path.Combine(folder, "adapter.gguf");
        File.WriteAllText(path, "the simulated engine does not look inside");
        return path;
    }

    static async Task<JsonElement> StartAsync(
        RunningServer server, string fields, string plan = Plan, string model = "sim")
    {
        var (status, body, _) = await server.PostAsync(
            "/v1/rollouts", $"{{\"task\":\"task\",\"model\":\"{model}\",{fields},{plan}}}");
        status.ShouldBe(200, body.ToString());
        return body;
    }

    /// <summary>Asks as many users until the rollout is over; nobody goes back from the candidate but by a
    /// rollback.</summary>
    static async Task<JsonElement> DriveAsync(RunningServer server, Dictionary<string, string> users)
    {
        for (var i = 0; ; i++)
        {
            var state = (await server.GetAsync("/v1/rollouts/task")).Body;
            var stage = state.GetProperty("stage").GetString();
            if (stage is "promoted" or "rolled_back" || i == 600)
                return state;
            var user = $"user{i % 20}";
            var (_, release) = await AskAsync(server, user);
            if (stage == "canary" && users.TryGetValue(user, out var before) && before.StartsWith("v2"))
                release.ShouldStartWith("v2");
            users[user] = release;
        }
    }

    static async Task<(int Status, string Release)> AskAsync(RunningServer server, string user)
    {
        var (status, _, response) = await server.PostAsync("/v1/chat/completions", Body(user));
        return (status, response.Headers.TryGetValues("x-plimsoll-release", out var values) ? values.Single()
            : "");
    }

    static string Body(string user) =>
        $$"""{"model":"task","user":"{{user}}","max_tokens":4,"messages":[{"role":"user","content":"hi"}]}""";
}
