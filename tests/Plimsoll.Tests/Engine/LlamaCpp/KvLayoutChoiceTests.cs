using System;
using System.IO;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

public sealed class KvLayoutChoiceTests
{
    const int Trained = 2048;

    /// <summary>512 cells for each of eight sequences.</summary>
    static readonly SchedulerOptions _limits =
        new() { NumBlocks = 256, BlockSize = 16, MaxNumSeqs = 8, MaxNumBatchedTokens = 64 };

    [Theory]
    [InlineData(0, 512, KvLayout.Split, "nothing is shared, and each of 8 sequences has cells")]
    [InlineData(16, 512, KvLayout.Unified, "beginnings are shared")]
    [InlineData(0, 513, KvLayout.Unified, "a sequence's part of the cells would be 512 tokens")]
    [InlineData(0, null, KvLayout.Unified, "the longest request has 2048")]
    public void It_follows_what_the_configuration_says_of_the_work(
        int prefixBlock, int? longest, KvLayout layout, string why)
    {
        var choice = KvLayoutChoice.Of(Options() with
        {
            Limits = _limits with { PrefixBlockTokens = prefixBlock },
            MaxModelTokens = longest,
        }, Trained);
        choice.Layout.ShouldBe(layout);
        choice.Why.ShouldContain(why);
    }

    [Theory]
    [InlineData(KvLayout.Unified)]
    [InlineData(KvLayout.Split)]
    public void What_is_asked_for_is_done(KvLayout asked) =>
        KvLayoutChoice.Of(Options() with { Layout = asked }, Trained).Layout.ShouldBe(asked);

    [Theory]
    [InlineData("auto", "tiny keeps its KV split: nothing is shared")]
    [InlineData("unified", "tiny keeps its KV unified: as it was asked for")]
    public async Task The_start_line_says_which_and_why(string layout, string line)
    {
        var config = Config(layout);
        using var story = new StringWriter();
        await using var engine = Start(config, story);
        story.ToString().ShouldContain(line);
        engine.Facts.MaxModelTokens.ShouldBe(256);
    }

    [Fact]
    public void Another_word_is_refused()
    {
        using var story = new StringWriter();
        Should.Throw<BadInputException>(() => Start(Config("paged"), story))
            .Message.ShouldContain("kv_layout paged");
    }

    /// <summary>What it costs to keep KV outside is timed with the steps, and kept with them.</summary>
    [Fact]
    public async Task The_price_of_a_swap_is_known_after_the_start()
    {
        var config = Config("auto");
        config.Policy = SchedulingPolicy.InSlack.Name;
        using var story = new StringWriter();
        double? first;
        await using (var engine = Start(config, story))
            first = engine.Facts.Limits.Policy.Slack!.SwapNsPerToken;
        first.ShouldNotBeNull().ShouldBeGreaterThan(0);
        await using var again = Start(config, story);
        again.Calibration.ShouldBeEmpty();
        again.Facts.Limits.Policy.Slack!.SwapNsPerToken.ShouldBe(first);
    }

    static LlamaOptions Options() => new() { Model = "m", Path = "m.gguf", Limits = _limits };

    static LlamaConfig Config(string layout) => new()
    {
        Path = TestModel.Path,
        KvLayout = layout,
        KvTokens = 2048,
        MaxNumSeqs = 8,
        MaxNumBatchedTokens = 64,
        MaxModelLen = 256,
        PrefixCaching = false,
        Cache = Path.Combine(TestModel.Folder, "layout-cache"),
    };

    static LlamaEngine Start(LlamaConfig config, StringWriter story) => LlamaFactory.Start(
        "tiny", config, [ServiceLevelSpec.Default, ServiceLevelSpec.Batch], TestModel.Folder, null,
        TimeProvider.System, story);
}
