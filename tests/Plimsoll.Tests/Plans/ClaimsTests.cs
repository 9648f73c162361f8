using System;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Cli;
using Plimsoll.Tests.House;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Plans;

public sealed class ClaimsTests
{
    /// <summary>
    /// With PLIMSOLL_WRITE_DOCS set the page is written instead of compared: <c>make docs</c>.
    /// </summary>
    [Fact]
    public void The_page_is_fresh()
    {
        var file = Repository.File("docs", "claims.md");
        var (code, fresh, story) = Run("claims", "--markdown");
        code.ShouldBe(0, story);
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, fresh);
        File.ReadAllText(file).ShouldBe(fresh, "docs/claims.md is stale: run `make docs`");
    }

    [Fact]
    public void Sixteen_claims_each_with_figures_that_name_their_source()
    {
        var claims = JsonNode.Parse(Run("claims", "--json").Text)!["claims"]!.AsArray();
        claims.Select(c => (int)c!["number"]!).ShouldBe(Enumerable.Range(1, 16));
        foreach (var claim in claims)
        {
            claim!["figures"]!.AsArray().Count.ShouldBeGreaterThan(0);
            ((string)claim["verdict"]!).ShouldBeOneOf("holds", "holds if", "does not hold", "not settled");
            foreach (var figure in claim["figures"]!.AsArray())
                ((string)figure!["source"]!).ShouldNotBeNullOrEmpty();
        }
    }

    [Theory]
    [InlineData("--date 2026", "--date 2026: expected yyyy-MM-dd")]
    [InlineData("--gpu nothing", "nothing")]
    [InlineData("--gpu l4 --model Llama-3.1-405B", "does not fit")]
    public void Bad_input_is_one_line(string arguments, string expected)
    {
        var (code, text, story) = Run(["claims", .. arguments.Split(' ')]);
        code.ShouldBe(2);
        text.ShouldBeEmpty();
        story.ShouldContain(expected);
    }

    static (int Code, string Text, string Story) Run(params string[] command)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        return (CommandLine.Run(command, output, story), output.ToString(), story.ToString());
    }
}
