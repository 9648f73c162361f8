using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>LoRA adapters of a fleet, loaded and forgotten through the gateway.</summary>
public sealed class GatewayAdapterTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly string _path;

    public GatewayAdapterTests()
    {
        _path = Path.Combine(_folder.Path, "adapter");
        File.WriteAllText(_path, "a simulated engine does not look inside");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task All_replicas_load_it_answer_under_its_name_and_forget_it()
    {
        await using var one = await RunningServer.StartAsync();
        await using var two = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, one.Address, two.Address);
        (await LoadAsync(gateway, "tuned", _path))
            .ShouldBe((200, "Success: LoRA adapter 'tuned' added successfully."));
        (await ModelAsync(one, "tuned")).ShouldBe("sim");
        (await ModelAsync(two, "tuned")).ShouldBe("sim");
        (await ModelAsync(gateway, "tuned")).ShouldBe("fleet");
        foreach (var server in new[] { one, gateway })
            (await server.GetAsync("/v1/models/tuned")).Body.GetProperty("root").GetString().ShouldBe(_path);
        foreach (var user in Enumerable.Range(0, 8))
        {
            var (status, body, _) =
                await gateway.PostAsync("/v1/chat/completions", Chat("tuned", $"u{user}"));
            status.ShouldBe(200, body.ToString());
            body.GetProperty("model").GetString().ShouldBe("tuned");
        }
        var tokens = await gateway.PostAsync("/tokenize", """{"model":"tuned","prompt":"a b"}""");
        tokens.Status.ShouldBe(200, tokens.Body.ToString());
        (await LoadAsync(gateway, "tuned", _path)).Text.ShouldContain("has already been loaded");
        (await UnloadAsync(gateway, "tuned"))
            .ShouldBe((200, "Success: LoRA adapter 'tuned' removed successfully."));
        foreach (var server in new[] { one, two, gateway })
            (await ModelAsync(server, "tuned")).ShouldBeNull();
        (await gateway.PostAsync("/v1/chat/completions", Chat("tuned", "u"))).Status.ShouldBe(404);
        (await UnloadAsync(gateway, "tuned")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task What_one_replica_refuses_none_keeps()
    {
        await using var one = await RunningServer.StartAsync();
        // To this one the name is taken.
        await using var two = await RunningServer.StartAsync(
            config => config.Models.Add(RunningServer.Simulated("tuned")));
        await using var gateway = await GatewayAsync(null, one.Address, two.Address);
        var (status, text) = await LoadAsync(gateway, "tuned", _path);
        status.ShouldBe(400);
        text.ShouldContain($"{two.Address}: adapter tuned cannot be loaded: 400");
        (await ModelAsync(one, "tuned")).ShouldBeNull();
        (await ModelAsync(gateway, "tuned")).ShouldBeNull();
        (await LoadAsync(gateway, "fleet", _path)).Text.ShouldContain("the name of another model");
    }

    [Fact]
    public async Task A_replica_that_is_away_is_said_and_given_it_when_it_is_back()
    {
        await using var one = await RunningServer.StartAsync();
        var second = await RunningServer.StartAsync();
        var address = second.Address;
        await second.DisposeAsync();
        await using var gateway = await GatewayAsync(null, one.Address, address);
        var (status, text) = await LoadAsync(gateway, "tuned", _path);
        (status, text).ShouldBe((200, "Success: LoRA adapter 'tuned' added successfully. "
            + $"Away, and given it when back: {address}."));
        await AllAnswerAsync(gateway);
        await using var back = await AtAsync(address);
        (await BackAsync(back)).ShouldBe("sim");
    }

    /// <summary>A replica that has begun anew has no adapter; nobody is told that there is none.</summary>
    [Fact]
    public async Task A_replica_that_begins_anew_is_given_it_again()
    {
        var first = await RunningServer.StartAsync();
        var address = first.Address;
        await using var other = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(null, address, other.Address);
        (await LoadAsync(gateway, "tuned", _path)).Status.ShouldBe(200);
        await first.DisposeAsync();
        await using var anew = await AtAsync(address);
        await AllAnswerAsync(gateway);
        (await BackAsync(anew)).ShouldBe("sim");
        await AllAnswerAsync(gateway);
    }

    [Fact]
    public async Task A_gateway_that_begins_anew_knows_it_and_so_does_another()
    {
        using var state = new TemporaryFolder();
        await using var engine = await RunningServer.StartAsync();
        await using (var before = await GatewayAsync(config => config.State = state.Path, engine.Address))
            (await LoadAsync(before, "tuned", _path)).Status.ShouldBe(200);
        await using (var after = await GatewayAsync(config => config.State = state.Path, engine.Address))
            (await after.PostAsync("/v1/chat/completions", Chat("tuned", "u"))).Status.ShouldBe(200);
        await using var other = await GatewayAsync(null, engine.Address);
        (await other.PostAsync("/v1/chat/completions", Chat("tuned", "u"))).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lines_of_a_batch_are_answered_by_it_where_it_is(bool withTwin)
    {
        await using var one = await RunningServer.StartAsync();
        await using var two = await RunningServer.StartAsync();
        await using var gateway = await GatewayAsync(
            config => config.Models[0].Twin = withTwin ? new SimulatedConfig() : null,
            one.Address, two.Address);
        // Loaded at one of them behind the gateway's back: what an engine lists is served.
        (await LoadAsync(two, "tuned", _path)).Status.ShouldBe(200);
        (await BackAsync(gateway)).ShouldBe("fleet");
        var lines = string.Join('\n', Enumerable.Range(0, 8).Select(i => RunningServer.Line(i, "tuned")));
        var file = await gateway.UploadAsync(lines + "\n");
        var (_, created, _) = await gateway.PostAsync("/v1/batches",
            $$"""{"input_file_id":"{{file}}","endpoint":"/v1/chat/completions","completion_window":"24h"}""");
        var done = await RunningServer.EventuallyAsync(
            async () => (await gateway.GetAsync($"/v1/batches/{created.GetProperty("id").GetString()}")).Body,
            batch => batch.GetProperty("status").GetString() == "completed", TimeSpan.FromSeconds(30));
        done.GetProperty("request_counts").GetProperty("completed").GetInt32().ShouldBe(8, done.ToString());
    }

    /// <summary>An engine that says it had an adapter of the gateway's own model's name.</summary>
    [Fact]
    public async Task What_an_engine_lists_under_a_name_that_is_served_is_not_reached()
    {
        await using var engine = await RunningServer.StartAsync();
        (await LoadAsync(engine, "own", _path)).Status.ShouldBe(200);
        await using var gateway = await GatewayAsync(
            config => config.Models.Add(RunningServer.Simulated("own")), engine.Address);
        var (status, body, response) = await gateway.PostAsync("/v1/chat/completions", Chat("own", "u"));
        status.ShouldBe(200, body.ToString());
        response.Headers.Contains("x-plimsoll-upstream").ShouldBeFalse();
        (await ModelAsync(gateway, "own")).ShouldBeNull();
        (await UnloadAsync(gateway, "own")).Status.ShouldBe(404);
    }

    static Task<RunningServer> GatewayAsync(Action<ServeConfig>? change, params Uri[] engines) =>
        RunningServer.StartAsync(config =>
        {
            config.Models =
            [
                new ModelConfig
                {
                    Name = "fleet",
                    PriceUsdPerHour = 2,
                    Upstreams = [.. engines.Select(engine => new UpstreamConfig
                    {
                        Url = engine.ToString(),
                        Model = "sim",
                    })],
                },
            ];
            change?.Invoke(config);
        });

    static Task<RunningServer> AtAsync(Uri address) =>
        RunningServer.StartAsync(config => config.Listen = [address.ToString().TrimEnd('/')]);

    /// <summary>Nobody, wherever a conversation has its home, hears that there is no such model.</summary>
    static async Task AllAnswerAsync(RunningServer gateway)
    {
        foreach (var user in Enumerable.Range(0, 8))
        {
            var (status, body, _) =
                await gateway.PostAsync("/v1/chat/completions", Chat("tuned", $"u{user}"));
            status.ShouldBe(200, body.ToString());
        }
    }

    /// <summary>Its parent, once it is listed.</summary>
    static Task<string?> BackAsync(RunningServer engine) => RunningServer.EventuallyAsync(
        () => ModelAsync(engine, "tuned"), parent => parent is not null, TimeSpan.FromSeconds(30));

    static async Task<(int Status, string Text)> LoadAsync(RunningServer server, string name, string path) =>
        Text(await server.PostAsync("/v1/load_lora_adapter",
            JsonSerializer.Serialize(new Dictionary<string, string>
            {
                ["lora_name"] = name,
                ["lora_path"] = path,
            })));

    static async Task<(int Status, string Text)> UnloadAsync(RunningServer server, string name) =>
        Text(await server.PostAsync("/v1/unload_lora_adapter", $$"""{"lora_name":"{{name}}"}"""));

    static (int Status, string Text) Text((int Status, JsonElement Body, HttpResponseMessage) said) =>
        (said.Status, said.Body.TryGetProperty("text", out var text) ? text.GetString()!
            : said.Body.GetProperty("error").GetProperty("message").GetString()!);

    /// <summary>The parent of an adapter in a list of models; null where it is not listed.</summary>
    static async Task<string?> ModelAsync(RunningServer server, string name) =>
        (await server.GetAsync("/v1/models")).Body.GetProperty("data").EnumerateArray()
            .Where(model => model.GetProperty("id").GetString() == name)
            .Select(model => model.GetProperty("parent").GetString()).FirstOrDefault();

    static string Chat(string model, string user) =>
        $$"""{"model":"{{model}}","user":"{{user}}","max_tokens":4,"messages":[{"role":"user","content":"hi"}]}""";
}
