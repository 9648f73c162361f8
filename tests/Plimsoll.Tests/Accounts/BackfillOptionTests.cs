using System.IO;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>What an account is told of the batch work beside it.</summary>
public sealed class BackfillOptionTests
{
    [Theory]
    [InlineData("--batch-map", "time=at:s")]
    [InlineData("--batch-share", "0.1")]
    [InlineData("--batch-rate", "3")]
    [InlineData("--tenant-weights", "acme=3")]
    public void What_is_said_of_batch_work_needs_some(string option, string value) =>
        Refused(option, value).ShouldContain($"{option}: expected --batch-workload with it");

    [Fact]
    public void Columns_of_its_log_are_looked_up_by_the_map()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "at,prompt,answer\n0,1000,50\n1,1000,50\n");
        Refused("--batch-workload", path, "--batch-map", "time=at:s,input=prompts,output=answer")
            .ShouldContain("prompts");
        File.Delete(path);
    }

    [Fact]
    public void Who_is_no_tenant_of_it_weighs_nothing() =>
        Refused("--batch-workload", "chat", "--tenant-weights", "acme=3")
            .ShouldContain("expected a log and --batch-map with tenant=COLUMN");

    [Fact]
    public void A_share_above_what_interactive_work_leaves_is_refused_with_what_would_fit() =>
        Refused("--batch-workload", "chat", "--batch-share", "1").ShouldContain("expected 0 to 0.99");

    static string Refused(params string[] options)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        CommandLine.Run(["account", "--model", "Llama-3.1-8B", .. options], output, story)
            .ShouldBe(2, $"{story}");
        return $"{story}";
    }
}
