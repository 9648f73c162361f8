using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>What simulated engines decide is recorded too, a file a scheduler, and replays.</summary>
public sealed class DecisionLogTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_simulated_engine_is_recorded_and_replays(int replicas)
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "decisions.ndjson");
        await using (var server = await RunningServer.StartAsync(config =>
        {
            config.DecisionLog = log;
            config.Models[0].Simulated!.Replicas = replicas;
        }))
        {
            for (var i = 0; i < 3; i++)
            {
                var (status, _, _) = await server.PostAsync(
                    "/v1/completions", $$"""{"model": "sim", "prompt": "load line {{i}}", "max_tokens": 8}""");
                status.ShouldBe(200);
            }
        }
        var plans = 0L;
        string[] files = replicas == 1 ? [log] : [log + ".1", log + ".2"];
        foreach (var file in files)
        {
            var replayed = DecisionReplay.Run(file);
            replayed.Differences.ShouldBe(0);
            plans += replayed.Plans;
        }
        plans.ShouldBeGreaterThanOrEqualTo(24);
        foreach (var (was, now) in new[] { ("\"decodes\":1", "\"decodes\":2"),
            ("\"plan_hash\":\"", "\"plan_hash\":\"f"), ("\"prefill_tokens\":0", "\"prefill_tokens\":1") })
        {
            var forged = Path.Combine(folder.Path, "forged.ndjson");
            File.WriteAllText(forged, File.ReadAllText(files[0]).Replace(was, now));
            DecisionReplay.Run(forged).Differences.ShouldBeGreaterThan(0, now);
        }
    }

    /// <summary>Embeddings of a batch wait as its chats do: who asks decides, not what for.</summary>
    [Theory]
    [InlineData("/v1/embeddings", """ "input":["a","b"] """, 2)]
    [InlineData("/v1/chat/completions", """ "max_tokens":2,"messages":[{"role":"user","content":"a"}] """, 1)]
    public async Task A_batchs_line_is_batch_work_to_the_scheduler(string endpoint, string body, int requests)
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "decisions.ndjson");
        await using (var server = await RunningServer.StartAsync(config => config.DecisionLog = log))
        {
            var asked = $$"""{"model":"sim",{{body}}}""";
            (await server.PostAsync(endpoint, asked)).Status.ShouldBe(200);
            var file = await server.UploadAsync(
                $$"""{"custom_id":"a","method":"POST","url":"{{endpoint}}","body":{{asked}}}""");
            var (_, batch, _) = await server.PostAsync("/v1/batches",
                $$"""{"input_file_id":"{{file}}","endpoint":"{{endpoint}}","completion_window":"24h"}""");
            var address = $"/v1/batches/{batch.GetProperty("id").GetString()}";
            await RunningServer.EventuallyAsync(
                async () => (await server.GetAsync(address)).Body,
                now => now.GetProperty("status").GetString() == "completed");
        }
        var levels = File.ReadLines(log).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("event", out var what) && what.GetString() == "add")
            .Select(line => line.GetProperty("spec").GetProperty("Level").GetInt32());
        // Interactive is the first of the levels, batch the second.
        levels.ShouldBe([.. Enumerable.Repeat(0, requests), .. Enumerable.Repeat(1, requests)]);
    }

    /// <summary>What its policy plans by is in the log, the profile's numbers too.</summary>
    [Fact]
    public async Task A_simulated_engine_under_slack_replays_to_the_same_plans_with_its_step_times()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "decisions.ndjson");
        await using (var server = await RunningServer.StartAsync(config =>
        {
            config.DecisionLog = log;
            config.Models[0].Simulated!.Policy = "slack";
        }))
        {
            await Task.WhenAll(Enumerable.Range(0, 24).Select(i => server.PostAsync("/v1/completions",
                $$"""{"model": "sim", "prompt": "{{new string('a', 500 + (400 * i))}}", "max_tokens": 12, "service_tier": "{{(i % 2 == 0 ? "flex" : "default")}}"}""")));
        }
        var replayed = DecisionReplay.Run(log);
        replayed.Differences.ShouldBe(0);
        replayed.Steps.ShouldBeGreaterThan(12);
        (replayed.PredictedNs, replayed.MeanError).ShouldBe((replayed.RealNs, 0));
        var gap = replayed.Gap.ShouldNotBeNull();
        gap.Requests.ShouldBe(12);
        foreach (var (name, ns) in gap.Mean.Parts)
            ns.ShouldBeGreaterThanOrEqualTo(0, name);
        gap.Mean.RooflineNs.ShouldBeGreaterThan(0);
        var run = PlimsollProcess.Run("replay", log);
        (run.ExitCode, run.Output.Contains(", 0 different")).ShouldBe((0, true), run.Output);
        var bare = Path.Combine(folder.Path, "bare.ndjson");
        File.WriteAllText(bare, File.ReadAllText(log).Replace("\"simulated\":", "\"unknown\":"));
        Should.Throw<Core.BadInputException>(() => DecisionReplay.Run(bare))
            .Message.ShouldContain("holds no step times, which policy slack plans by");
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_is_one_line()
    {
        var error = await Should.ThrowAsync<Core.BadInputException>(() => RunningServer.StartAsync(
            config => config.DecisionLog = "/nowhere/decisions.ndjson"));
        error.Message.ShouldContain("/nowhere/decisions.ndjson cannot be written");
    }
}
