using System.IO;
using System.Linq;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>A promise that only a prompt of one token could keep is refused, with what would fit.</summary>
public sealed class PromisedDeadlineTests
{
    [Theory]
    [InlineData("ttft p95", "10ms")]
    [InlineData("itl p99", "3ms")]
    public void A_deadline_that_the_median_prompt_cannot_keep_alone_is_refused_with_what_would_fit(
        string metric, string limit)
    {
        var story = Run(2, $"{metric} {limit}");
        story.ShouldContain("of the median prompt takes");
        var fits = story.Trim().Split(' ').Last();
        Run(0, $"{metric} {fits}").ShouldBe("");
    }

    static string Run(int expected, string promise)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        CommandLine.Run(
            ["simulate", "--model", "Llama-3.1-8B", "--tp", "1", "--policy", "slack", "--workload", "chat",
                "--rate", "1", "--requests", "800", "--promise", promise], output, story)
            .ShouldBe(expected, $"{story}");
        return $"{story}";
    }
}
