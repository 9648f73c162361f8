using System.IO;
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

    [Fact]
    public async Task A_log_without_the_step_times_that_its_policy_plans_by_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var log = Path.Combine(folder.Path, "decisions.ndjson");
        await using (var server = await RunningServer.StartAsync(config =>
        {
            config.DecisionLog = log;
            config.Models[0].Simulated!.Policy = "slack";
        }))
        {
            await server.PostAsync("/v1/completions", """{"model": "sim", "prompt": "a", "max_tokens": 2}""");
        }
        Should.Throw<Core.BadInputException>(() => DecisionReplay.Run(log))
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
