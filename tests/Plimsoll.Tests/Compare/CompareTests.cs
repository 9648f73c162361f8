using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Compare;

public sealed class CompareTests
{
    [Theory]
    [InlineData("gpu=a100_sxm,price=1.5", "gpu=h100_sxm,price=2.5", 2)]
    [InlineData("promise=ttft p95 500ms", "promise=ttft p95 2s", 1)]
    [InlineData("policy=static", "policy=vllm-v1", 1)]
    public void Drivers_sum_to_the_change(string from, string to, int drivers)
    {
        var (code, text, story) = Run(
            "compare", from, to, "--model", "Llama-3.1-8B", "--requests", "400", "--json");
        code.ShouldBe(0, story);
        using var document = JsonDocument.Parse(text);
        var rows = document.RootElement.GetProperty("drivers").EnumerateArray().ToList();
        rows.Count.ShouldBe(drivers);
        var change = Change(document).GetDecimal();
        rows.Sum(row => row.GetProperty("usdPerMillionTokens").GetDecimal()).ShouldBe(change);
        rows.Sum(row => row.GetProperty("inThisOrder").GetDecimal()).ShouldBe(change);
        (document.RootElement.GetProperty("to").GetProperty("usdPerMillionTokens").GetDecimal()
            - document.RootElement.GetProperty("from").GetProperty("usdPerMillionTokens").GetDecimal())
            .ShouldBe(change);
    }

    [Fact]
    public void What_is_the_same_on_both_sides_has_not_changed()
    {
        var (code, text, story) = Run(
            "compare", "tp=1", "tp=1", "--model", "Llama-3.1-8B", "--requests", "400", "--json");
        code.ShouldBe(0, story);
        using var document = JsonDocument.Parse(text);
        document.RootElement.GetProperty("drivers").GetArrayLength().ShouldBe(0);
        Change(document).GetDecimal().ShouldBe(0);
    }

    [Fact]
    public void Batches_that_nobody_joins_cost_more()
    {
        var (code, text, story) = Run(
            "compare", "policy=static", "policy=vllm-v1", "--batch", "--model", "Llama-3.1-8B", "--requests",
            "600", "--json");
        code.ShouldBe(0, story);
        using var document = JsonDocument.Parse(text);
        document.RootElement.GetProperty("change").GetProperty("ratio").GetDouble().ShouldBeLessThan(0.8);
    }

    /// <summary>What a plan chose is what is compared; what cannot be is refused, not left out.</summary>
    [Fact]
    public void A_plan_is_compared_with_the_limits_that_it_chose()
    {
        const string Plan = "plan --model Llama-3.1-8B --gpu h100 --tp 1 --rate 10 --requests 200 --json "
            + "--max-num-batched-tokens 8192 --max-num-seqs ";
        var folder = Directory.CreateTempSubdirectory("plimsoll-compare-");
        try
        {
            string Written(string name, string more)
            {
                var file = Path.Combine(folder.FullName, name);
                File.WriteAllText(file, Run((Plan + more).Split(' ')).Text);
                return file;
            }
            var (few, many) = (Written("few.json", "8"), Written("many.json", "256"));
            var (code, text, story) = Run("compare", few, many, "--requests", "400", "--json");
            code.ShouldBe(0, story);
            using var document = JsonDocument.Parse(text);
            var driver = document.RootElement.GetProperty("drivers").EnumerateArray().Single();
            driver.GetProperty("name").GetString().ShouldBe("batch limits");
            driver.GetProperty("from").GetString().ShouldBe("8 sequences, 8192 tokens");
            Change(document).GetDecimal().ShouldBeLessThan(0);
            (code, text, story) = Run("compare", Written("pools.json", "256 --pools disaggregated"), many);
            code.ShouldBe(2);
            text.ShouldBeEmpty();
            story.ShouldContain("the best of the plan has prefill apart from decode");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("compare gpu", "KEY=VALUE of")]
    [InlineData("compare gpu=h100,gpu=a100", "twice")]
    [InlineData("compare --from 2023", "expected yyyy-MM")]
    [InlineData("compare --from 2001-01", "no accelerator has a price by then")]
    [InlineData("compare --from 2030-01", "date 2030-01: prices are known to 20")]
    [InlineData("compare date=2099-12-31,gpu=h100 gpu=h100", "date 2099-12-31: prices are known to 20")]
    [InlineData("compare gpu=h100 gpu=h100 --order card", "order card")]
    [InlineData("compare policy=none", "policy=none")]
    [InlineData("compare date=2023-03 --from 2023-03", "a date of its own")]
    public void Bad_input_is_one_line(string command, string expected)
    {
        var (code, text, story) = Run(command.Split(' '));
        code.ShouldBe(2);
        text.ShouldBeEmpty();
        story.Trim().Split('\n').Length.ShouldBe(1);
        story.ShouldContain(expected);
    }

    static JsonElement Change(JsonDocument document) =>
        document.RootElement.GetProperty("change").GetProperty("usdPerMillionTokens");

    static (int Code, string Text, string Story) Run(params string[] command)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        return (CommandLine.Run(command, output, story), output.ToString(), story.ToString());
    }
}
