using System;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

public sealed class ReportTests
{
    static readonly string[] Quick = ["account", "--tp", "8", "--requests", "2000"];

    /// <summary>What the terminal shows, and the page. Its path is in it, so it is one for all.</summary>
    static readonly Lazy<(string Output, string Page)> Shared = new(() => Report("plimsoll-page.html"));

    [Fact]
    public void The_page_needs_nothing_beside_itself_and_says_everything()
    {
        var (output, page) = Shared.Value;
        Regex.IsMatch(page, "(?<!;)(src|href)\\s*=").ShouldBeFalse("nothing is loaded from anywhere");
        Regex.Matches(page, "<script").Count.ShouldBe(2, "its data and what enlarges pictures");
        page.ShouldContain("Llama-3.3-70B serving chat on H100 SXM");
        page.ShouldContain("plimsoll account --tp 8 --requests 2000 --report");
        foreach (var picture in new[] { "waterfall", "cost-ttft", "cost-tpot", "load-line", "week",
            "interactivity",
            "latency-ttft", "latency-e2e" })
        {
            page.ShouldContain($"<svg class=\"{picture} large");
            page.ShouldContain($"<svg class=\"{picture} small");
        }

        foreach (var lever in new[] { "batch backfill", "autoscaling", "quantisation", "smaller model",
            "public APIs" })
        {
            page.ShouldContain($">{lever}<");
        }

        foreach (var step in new[] { "floor", "kernels", "memory", "promise", "bursts", "peaks", "reserve",
            "the bill" })
        {
            page.ShouldContain($">{step}<");
        }
        // The numbers of the terminal are the numbers of the page.
        var bill = Regex.Match(output, "USD / M tokens\\s+([0-9.]+)").Groups[1].Value;
        page.ShouldContain($"${bill}");
        Regex.Matches(page, "<(svg|figure|table|details|div|section)\\b").Count
            .ShouldBe(Regex.Matches(page, "</(svg|figure|table|details|div|section)>").Count);
    }

    [Fact]
    public void A_promise_that_cannot_be_kept_has_a_page_of_the_nearest_that_can()
    {
        using var folder = new TemporaryFolder();
        var result = PlimsollProcess.Run(
            [.. Quick, "--promise", "ttft p95 20ms", "--promise", "tpot p95 50ms", "--report",
                folder.File("a.html")]);
        result.ExitCode.ShouldBe(1);
        result.Output.ShouldBeEmpty();
        result.Story.ShouldContain("the promise cannot be kept: ttft p95 20ms");
        result.Story.ShouldContain("nearest promise that can be kept is ttft p95");
        File.ReadAllText(folder.File("a.html")).ShouldContain("This page shows another promise");
    }

    [Fact]
    public void The_cost_curve_at_the_promise_is_not_above_the_bill()
    {
        var script = Regex.Match(
            Shared.Value.Page, "<script type=\"application/json\" id=\"data\">(.*)</script>");
        using var data = JsonDocument.Parse(script.Groups[1].Value);
        var bill = data.RootElement.GetProperty("classes")[0].GetProperty("usdPerMillionTokens").GetDecimal();
        foreach (var curve in data.RootElement.GetProperty("costCurves").EnumerateArray())
        {
            var promised = curve.GetProperty("metric").GetString() == "ttft" ? 500 : 50;
            var at = curve.GetProperty("points").EnumerateArray()
                .First(p => p.GetProperty("limitMs").GetDouble() == promised);
            at.GetProperty("usdPerMillionTokens").GetDecimal().ShouldBeLessThanOrEqualTo(bill);
        }
    }

    [Fact]
    public void The_same_account_gives_the_same_page()
    {
        Report("plimsoll-page.html").ShouldBe(Shared.Value);
    }

    static (string Output, string Page) Report(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name);
        var result = PlimsollProcess.Run([.. Quick, "--report", path]);
        result.ExitCode.ShouldBe(0, result.Story);
        try
        {
            return (result.Output, File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Every_picture_is_a_png_with_something_on_it_and_an_svg()
    {
        using var folder = new TemporaryFolder();
        var plots = folder.File("plots");
        PlimsollProcess.Run([.. Quick, "--plots", plots]).ExitCode.ShouldBe(0);
        var images = Directory.GetFiles(plots, "*.png");
        images.Length.ShouldBeGreaterThanOrEqualTo(8);
        foreach (var image in images)
        {
            var bytes = File.ReadAllBytes(image);
            bytes[..8].ShouldBe([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
            ((bytes[18] << 8) | bytes[19]).ShouldBe(1600, image);
            // An empty surface of this size compresses to less.
            bytes.Length.ShouldBeGreaterThan(20_000, image);
            File.ReadAllText(Path.ChangeExtension(image, ".svg")).ShouldStartWith("<?xml");
        }
    }

    [Theory]
    [InlineData("--report", "/nowhere/a.html")]
    [InlineData("--report", "/proc")]
    [InlineData("--plots", "/proc/plots")]
    public void A_path_that_cannot_be_written_is_refused_and_nothing_is_printed(string option, string path)
    {
        PlimsollProcess.Run([.. Quick, option, path]).ShouldBeRefused(path);
    }

    [Fact]
    public void A_hostile_workload_name_stays_text()
    {
        using var folder = new TemporaryFolder();
        var family = PlimsollProcess.Run("trace", "generate", "chat", "--requests", "1000").Output;
        var trace = folder.File("<script>alert(1)<script>.jsonl", family);
        var result = PlimsollProcess.Run([.. Quick, "--workload", trace, "--report", folder.File("a.html")]);
        result.ExitCode.ShouldBe(0, result.Story);
        File.ReadAllText(folder.File("a.html")).ShouldNotContain("<script>alert");
    }
}
