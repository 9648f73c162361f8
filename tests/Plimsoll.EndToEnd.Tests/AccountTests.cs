using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class AccountTests
{
    static readonly string[] Quick = ["account", "--json", "--requests", "1000", "--tp", "8"];
    static readonly string[] OnH200 = ["account", "--requests", "1000", "--gpu", "h200"];

    static readonly Lazy<string> QuickOutput = new(() => PlimsollProcess.Run(Quick).Output);
    static readonly Lazy<string> OnH200Output = new(() => PlimsollProcess.Run(OnH200).Output);

    [Fact]
    public void Bars_sum_to_the_bill_exactly()
    {
        using var account = JsonDocument.Parse(QuickOutput.Value);
        foreach (var entry in account.RootElement.GetProperty("classes").EnumerateArray())
        {
            decimal sum = 0;
            foreach (var bar in entry.GetProperty("waterfall").EnumerateArray())
                sum += bar.GetProperty("usdPerMillionTokens").GetDecimal();
            sum.ShouldBe(entry.GetProperty("cost").GetProperty("usdPerMillionTokens").GetDecimal());
        }
    }

    [Fact]
    public void Batch_work_pays_for_no_promise_no_burst_and_no_peak()
    {
        using var account = JsonDocument.Parse(QuickOutput.Value);
        var batch = account.RootElement.GetProperty("classes")[1];
        batch.GetProperty("class").GetString().ShouldBe("batch");
        var zero = new List<string>();
        foreach (var bar in batch.GetProperty("waterfall").EnumerateArray())
        {
            if (bar.GetProperty("usdPerMillionTokens").GetDecimal() == 0)
                zero.Add(bar.GetProperty("step").GetString()!);
        }
        zero.ShouldBe(["promise", "bursts", "peaks"]);
        account.RootElement.GetProperty("interactiveOverBatch").GetDouble().ShouldBeGreaterThan(1);
    }

    [Fact]
    public void The_same_seed_prints_the_same_on_one_core_and_on_two()
    {
        var one =
            PlimsollProcess.Run(new Dictionary<string, string> { ["DOTNET_PROCESSOR_COUNT"] = "1" }, Quick);
        var two =
            PlimsollProcess.Run(new Dictionary<string, string> { ["DOTNET_PROCESSOR_COUNT"] = "2" }, Quick);
        one.ExitCode.ShouldBe(0, one.Story);
        two.Output.ShouldBe(one.Output);
        QuickOutput.Value.ShouldBe(one.Output);
    }

    [Fact]
    public void A_promise_that_cannot_be_kept_says_which_limit_binds_and_by_how_much()
    {
        var result = PlimsollProcess.Run("account", "--requests", "1000", "--promise", "tpot p95 2ms");
        result.ExitCode.ShouldBe(1);
        result.Output.ShouldBeEmpty();
        result.Story.ShouldContain("tpot p95 2ms");
        result.Story.ShouldContain("missed by a factor of");
    }

    [Fact]
    public void A_replica_that_cannot_hold_the_prompts_is_no_near_miss()
    {
        // Two cards hold the weights but few prompts: what they serve is quick, and most they do not serve.
        var chosen = PlimsollProcess.Run(
            "account", "--requests", "1000", "--workload", "long-chat", "--promise", "ttft p95 100ms");
        chosen.ExitCode.ShouldBe(1, chosen.Story);
        chosen.Story.ShouldContain("of 8 × H100 SXM");
        var two =
            PlimsollProcess.Run("account", "--requests", "1000", "--workload", "long-chat", "--tp", "2");
        two.ExitCode.ShouldBe(1, two.Story);
        two.Story.ShouldContain("% of the requests of long-chat do not fit");
    }

    [Fact]
    public void A_price_that_the_user_gives_has_no_date_and_scales_the_bill()
    {
        using var once = JsonDocument.Parse(PlimsollProcess.Run([.. Quick, "--price", "2"]).Output);
        using var twice = JsonDocument.Parse(PlimsollProcess.Run([.. Quick, "--price", "4"]).Output);
        var price = once.RootElement.GetProperty("statement").GetProperty("price");
        price.GetProperty("asOf").ValueKind.ShouldBe(JsonValueKind.Null);
        for (var i = 0; i < 2; i++)
            Cost(twice, i).ShouldBe(2 * Cost(once, i), 1e-9m);
        PlimsollProcess.Run("account", "--tp", "8", "--requests", "300", "--price", "2").Output
            .ShouldContain("per accelerator-hour, as given\n");
    }

    [Theory]
    [InlineData("quantisation", "--weights", "fp8")]
    [InlineData("smaller model", "--model", "Llama-3.1-8B")]
    public void A_lever_saves_what_the_account_with_that_change_costs_less(
        string lever, string option, string value)
    {
        var before = OnH200Output.Value;
        var after = PlimsollProcess.Run([.. OnH200, option, value]).Output;
        Figure(before, lever).ShouldBe(
            Figure(after, "USD / M tokens") - Figure(before, "USD / M tokens"), 0.0002m);
    }

    /// <summary>The first number after a label of the printed account.</summary>
    static decimal Figure(string output, string label) => decimal.Parse(
        Regex.Match(
            output, $@"^\s*{Regex.Escape(label)}\s+(-?[0-9.]+)", RegexOptions.Multiline).Groups[1].Value,
        CultureInfo.InvariantCulture);

    static decimal Cost(JsonDocument account, int index) => account.RootElement.GetProperty("classes")[index]
        .GetProperty("cost").GetProperty("usdPerMillionTokens").GetDecimal();

    [Fact]
    public void A_tighter_promise_never_costs_less()
    {
        decimal before = 0;
        foreach (var limit in new[] { 2000, 800, 400, 250 })
        {
            var result = PlimsollProcess.Run(
                [.. Quick, "--promise", $"ttft p95 {limit.ToString(CultureInfo.InvariantCulture)}ms"]);
            result.ExitCode.ShouldBe(0, result.Story);
            using var account = JsonDocument.Parse(result.Output);
            var cost = Cost(account, 0);
            cost.ShouldBeGreaterThanOrEqualTo(before);
            before = cost;
        }
    }

    [Fact]
    public void With_no_arguments_it_explains_itself_in_ten_lines()
    {
        var result = PlimsollProcess.Run();
        result.ExitCode.ShouldBe(0);
        result.Output.TrimEnd('\n').Split('\n').Length.ShouldBe(10);
    }
}
