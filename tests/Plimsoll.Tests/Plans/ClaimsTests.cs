using System;
using System.IO;
using System.Linq;
using Plimsoll.Cli;
using Plimsoll.Planning.Claims;
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
        var page = File.ReadAllText(Repository.File("docs", "claims.md"));
        var sections = page.Split("\n## ")[1..];
        sections.Select(section => section.Split('.')[0]).ShouldBe(
            Enumerable.Range(1, 16).Select(number => $"{number}"));
        foreach (var section in sections)
        {
            var rows = section.Split('\n').Where(line => line.StartsWith('|')).Skip(2).ToList();
            rows.ShouldNotBeEmpty(section);
            foreach (var row in rows)
                row.Trim('|').Split('|').ShouldAllBe(cell => cell.Trim().Length > 0, row);
        }
    }

    [Theory]
    [InlineData("--date 2026", "--date 2026: expected yyyy-MM-dd")]
    [InlineData("--date 2030-01-01", "date 2030-01-01: prices are known to 20")]
    [InlineData("--gpu nothing", "nothing")]
    [InlineData("--gpu l4 --model Llama-3.1-405B", "does not fit")]
    public void Bad_input_is_one_line(string arguments, string expected)
    {
        var (code, text, story) = Run(["claims", .. arguments.Split(' ')]);
        code.ShouldBe(2);
        text.ShouldBeEmpty();
        story.ShouldContain(expected);
    }

    [Theory]
    [InlineData(0, 0, "of none of the 3 levers is it known where its worth shrank faster: the intervals")]
    [InlineData(2, 1, "of the 3 levers 2 lost worth faster in batch, 1 under the promise")]
    [InlineData(1, 0, "faster in batch, 0 under the promise; of the other 2 the intervals overlap")]
    public void What_is_known_of_levers_is_said_of_them(int batch, int interactive, string expected) =>
        MarketClaims.Shrank(3, batch, interactive).ShouldContain(expected);

    static (int Code, string Text, string Story) Run(params string[] command)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        return (CommandLine.Run(command, output, story), output.ToString(), story.ToString());
    }
}
