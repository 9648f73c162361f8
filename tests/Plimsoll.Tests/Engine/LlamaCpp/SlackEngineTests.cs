using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>The policy of interactive levels and batch work, over a model that is really computed.</summary>
public sealed class SlackEngineTests
{
    static readonly ServiceLevelSpec[] _levels =
    [
        new() { Name = "interactive", TtftNs = 200_000_000, ItlNs = 50_000_000 },
        new() { Name = "batch", Class = ServiceClass.Batch, Priority = 1 },
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Batch_and_interactive_work_say_what_they_would_alone(bool speculates)
    {
        await using var engine = Start(speculates);
        var prompts = Enumerable.Range(0, 24).Select(i => i % 3 == 0
            ? TestModel.Prompt(i, 20)
            : (int[])[.. Enumerable.Range(0, 60).Select(at => at % 7 + i)]).ToList();
        var answers = new List<Answer>();
        for (var i = 0; i < prompts.Count; i++)
        {
            answers.Add(engine.Submit(TestModel.Request(prompts[i], 30) with
            {
                Level = i % 3 == 0 ? "interactive" : "batch",
                Class = i % 3 == 0 ? ServiceClass.Interactive : ServiceClass.Batch,
            }));
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
        using var model = TestModel.Load();
        for (var i = 0; i < answers.Count; i++)
        {
            var tokens = await TestModel.ReadAll(answers[i]);
            tokens.Count.ShouldBe(30);
            TestModel.ShouldAgreeWithLibllama(model, prompts[i], [.. tokens.Select(token => token.Token)]);
        }
        engine.Telemetry.KvUsage.ShouldBe(0);
        if (speculates)
            engine.Counters.AcceptedDrafts.ShouldBeLessThanOrEqualTo(engine.Counters.DraftedTokens);
    }

    /// <summary>
    /// Somebody arrives while batch prompts are computed: the step is cut short, and no token changes.
    /// </summary>
    [Fact]
    public async Task A_step_is_cut_short_for_somebody_who_arrives()
    {
        await using var engine = Start(speculates: false, stepTokens: 1024, microTokens: 16);
        var prompts = Enumerable.Range(0, 10).Select(i => TestModel.Prompt(i, 300)).ToList();
        var answers = prompts.Select(prompt => engine.Submit(
            TestModel.Request(prompt, 4) with { Level = "batch", Class = ServiceClass.Batch })).ToList();
        var urgent = TestModel.Prompt(99, 10);
        for (var i = 0; i < 8; i++)
        {
            await Task.Delay(3, TestContext.Current.CancellationToken);
            prompts.Add(urgent);
            answers.Add(engine.Submit(TestModel.Request(urgent, 4) with { Level = "interactive" }));
        }
        using var model = TestModel.Load();
        for (var i = 0; i < answers.Count; i++)
        {
            if (answers[i].Refusal is not null)
                continue;
            var tokens = await TestModel.ReadAll(answers[i]);
            TestModel.ShouldAgreeWithLibllama(model, prompts[i], [.. tokens.Select(token => token.Token)]);
        }
        engine.Telemetry.KvUsage.ShouldBe(0);
    }

    [Fact]
    public async Task A_live_log_replays_to_the_same_plans()
    {
        var log = Path.Combine(TestModel.Folder, "decisions.ndjson");
        ulong hash;
        await using (var engine = Start(speculates: true, log: log))
        {
            var answers = Enumerable.Range(0, 40)
                .Select(i => engine.Submit(TestModel.Request(TestModel.Prompt(i, 5 + i), 3 + i % 20) with
            {
                Level = i % 2 == 0 ? "interactive" : "batch",
                Class = i % 2 == 0 ? ServiceClass.Interactive : ServiceClass.Batch,
            })).ToList();
            for (var i = 0; i < 40; i++)
            {
                if (i % 9 == 4)
                    answers[i].Cancel();
                if (answers[i].Refusal is null)
                    await TestModel.ReadAll(answers[i]);
            }
            hash = engine.Telemetry.PlanHash;
        }
        var replayed = DecisionReplay.Run(log);
        replayed.Differences.ShouldBe(0);
        replayed.PlanHash.ShouldBe(hash);
        replayed.RealNs.ShouldBeGreaterThan(0);
        File.AppendAllText(log, "{\"event\": \"plan\"}\n");
        Should.Throw<BadInputException>(() => DecisionReplay.Run(log))
            .Message.ShouldContain("is no event of a decision log");
    }

    static LlamaEngine Start(
        bool speculates, string? log = null, int stepTokens = 128, int microTokens = 32) => new(
        TestModel.Options(TestModel.Limits with
        {
            Policy = SchedulingPolicy.InSlack,
            Levels = _levels,
            NumBlocks = 1024,
            MaxNumBatchedTokens = stepTokens,
        }) with
        {
            Speculates = speculates,
            DecisionLog = log,
            MicroTokens = microTokens,
            CalibrationBudget = TimeSpan.FromSeconds(1),
            CacheFolder = Path.Combine(TestModel.Folder, "cache"),
        }, TimeProvider.System);
}
