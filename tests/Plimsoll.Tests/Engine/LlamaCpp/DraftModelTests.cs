using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Placeholder;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>A small model guesses along, over a model that is really computed.</summary>
public sealed class DraftModelTests
{
    const int Output = 40;

    /// <summary>
    /// One that is the large model itself, one of other weights, and one that cannot see far, beside shared
    /// beginnings, too little memory and requests that are dropped: the answers are the same, greedily.
    /// </summary>
    [Theory]
    [InlineData("itself", 256, KvLayout.Unified)]
    [InlineData("itself", 40, KvLayout.Unified)]
    [InlineData("itself", 256, KvLayout.Split)]
    [InlineData("other weights", 256, KvLayout.Unified)]
    [InlineData("other weights", 40, KvLayout.Split)]
    [InlineData("short-sighted", 256, KvLayout.Unified)]
    public async Task Answers_are_what_they_would_be_without_it(string draft, int blocks, KvLayout layout)
    {
        await using var engine = Start(Draft(draft), blocks, layout);
        var shared = TestModel.Prompt(99, 40);
        var prompts = Enumerable.Range(0, 20).Select(i => i % 4 == 0
            ? (int[])[.. shared, .. TestModel.Prompt(i, 5 + i)] : TestModel.Prompt(i, 5 + (7 * i))).ToList();
        var answers = new List<Answer>();
        for (var i = 0; i < prompts.Count; i++)
        {
            answers.Add(engine.Submit(TestModel.Request(prompts[i], Output)));
            await Task.Delay(i % 5, TestContext.Current.CancellationToken);
            if (i % 7 == 6)
                answers[i].Cancel();
        }
        using var model = TestModel.Load();
        for (var i = 0; i < answers.Count; i++)
        {
            var tokens = await TestModel.ReadAll(answers[i]);
            if (i % 7 == 6)
                continue;
            tokens.Count.ShouldBe(Output);
            TestModel.ShouldAgreeWithLibllama(model, prompts[i], [.. tokens.Select(token => token.Token)]);
        }
        engine.Telemetry.KvUsage.ShouldBe(0);
        engine.Counters.DraftedTokens.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task One_that_says_the_same_is_right_and_steps_become_fewer()
    {
        await using var engine = Start(TestModel.Path);
        await TestModel.ReadAll(engine.Submit(TestModel.Request(TestModel.Prompt(1, 20), 200)));
        // Sums in another order can make two likely tokens change places.
        engine.Counters.AcceptedDrafts.ShouldBeGreaterThan(9 * engine.Counters.DraftedTokens / 10);
        engine.Telemetry.Steps.ShouldBeLessThan(100);
    }

    [Fact]
    public async Task One_that_is_mostly_wrong_is_asked_ever_less()
    {
        await using var engine = Start(Draft("other weights"));
        await TestModel.ReadAll(engine.Submit(TestModel.Request(TestModel.Prompt(1, 20), 500)));
        var first = engine.Counters.DraftedTokens;
        await TestModel.ReadAll(engine.Submit(TestModel.Request(TestModel.Prompt(2, 20), 500)));
        (engine.Counters.DraftedTokens - first).ShouldBeLessThan(first);
        engine.Counters.AcceptedDrafts.ShouldBeLessThan(engine.Counters.DraftedTokens / 2);
    }

    [Fact]
    public void One_that_reads_other_tokens_is_refused()
    {
        var path = Made("words.gguf", TestModel.Shape with { Merges = 50 });
        Should.Throw<BadInputException>(() => Start(path)).Message.ShouldContain("words.gguf");
        Should.Throw<BadInputException>(() => Start(Path.Combine(TestModel.Folder, "absent.gguf")));
    }

    /// <summary>
    /// A model that guesses is as dear here as the one that answers; drafts are made to pay.
    /// </summary>
    static readonly SchedulingPolicy _cheap = SchedulingPolicy.InSlack with
    {
        Slack = new SlackOptions { Drafts = new DraftSpec(6, [0.5], TokenNs: 1, 0) { Learns = true } },
    };

    static string Draft(string kind) => kind switch
    {
        "itself" => TestModel.Path,
        "other weights" => Made("other.gguf", TestModel.Shape, seed: 8),
        _ => Made("short.gguf", TestModel.Shape with { Context = 64 }),
    };

    static string Made(string name, PlaceholderModel.Shape shape, ulong seed = 7)
    {
        var path = Path.Combine(TestModel.Folder, $"{Guid.NewGuid():N}-{name}");
        PlaceholderModel.Make(shape, seed).Save(path);
        return path;
    }

    static LlamaEngine Start(string draft, int blocks = 256, KvLayout layout = KvLayout.Unified) => new(
        TestModel.Options(
            TestModel.Limits with { Policy = _cheap, NumBlocks = blocks }, layout) with
            {
                DraftPath = draft,
                CalibrationBudget = TimeSpan.FromMilliseconds(300),
                CacheFolder = Path.Combine(TestModel.Folder, "draft-cache"),
            }, TimeProvider.System);
}
