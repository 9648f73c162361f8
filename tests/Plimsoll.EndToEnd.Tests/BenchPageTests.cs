using System;
using System.IO;
using System.Threading.Tasks;
using Microsoft.Playwright;
using Plimsoll.Tests.Bench;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// The pages of a run, a sweep and a comparison in a real browser: wide, on a phone, on paper.
/// </summary>
public sealed class BenchPageTests
{
    const string Chromium = "/usr/bin/chromium";

    [Fact]
    public async Task Pages_fit_a_phone_and_say_that_a_run_is_invalid_before_anything_else()
    {
        Assert.SkipUnless(File.Exists(Chromium), "no Chromium here");
        await using var endpoint = await ScriptedEndpoint.Start();
        using var folder = new TemporaryFolder();
        var (run, other, sweep, diff) = (folder.File("run.html"), folder.File("other.json"),
            folder.File("sweep.html"), folder.File("diff.html"));
        string[] load = ["bench", "--base-url", $"{endpoint.BaseUrl}", "--random-input-len", "400",
            "--random-output-len", "12", "--promise", "ttft p95 60s", "--gpu", "h100_sxm",
            "--model", "Llama-3.1-8B"];
        PlimsollProcess.Run([.. load, "--request-rate", "150", "--num-prompts", "150", "--save-detailed",
            "--result-filename", folder.File("run.json"), "--report", run, "--max-client-lateness", "1e-9"])
            .ExitCode.ShouldBe(1);
        PlimsollProcess.Run([.. load, "--max-concurrency", "8", "--num-prompts", "150", "--save-detailed",
            "--result-filename", other]).ExitCode.ShouldBe(0);
        PlimsollProcess.Run([.. load, "--sweep", "100,200", "--num-prompts", "140", "--report", sweep])
            .ExitCode.ShouldBe(0);
        PlimsollProcess.Run("bench", "diff", folder.File("run.json"), other, "--report", diff)
            .ExitCode.ShouldBe(1);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-background-networking"],
        });
        var page = await browser.NewPageAsync();
        foreach (var (file, invalid) in new[] { (run, true), (diff, true), (sweep, false) })
        {
            foreach (var width in new[] { 390, 1200 })
            {
                await page.SetViewportSizeAsync(width, 900);
                await page.GotoAsync(new Uri(file).AbsoluteUri);
                (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"))
                    .ShouldBeTrue($"{file} scrolls sideways at {width}");
                (await page.EvaluateAsync<string>(Clipped)).ShouldBe("", $"{file} at {width}");
                await Shot(page, file, width);
            }
            var banner = page.GetByRole(AriaRole.Alert);
            (await banner.CountAsync()).ShouldBe(invalid ? 1 : 0);
            if (invalid)
            {
                (await banner.TextContentAsync())!.ShouldContain("INVALID");
                (await banner.BoundingBoxAsync())!.Y.ShouldBeLessThan(120);
                (await page.TitleAsync()).ShouldStartWith("INVALID");
            }
            await Paper(page, file);
        }
    }

    /// <summary>Texts that are cut off by their own box, outside of what may be scrolled.</summary>
    const string Clipped = """
        [...document.querySelectorAll('h1,h2,p,li,td,th,b,span,figcaption')]
            .filter(e => !e.closest('.scroll') && !e.closest('svg') && e.scrollWidth > e.clientWidth + 1
                && getComputedStyle(e).display !== 'inline')
            .map(e => e.textContent.slice(0, 60)).join(' | ')
        """;

    /// <summary>PLIMSOLL_SHOTS names a folder for the pictures, to be looked at.</summary>
    static async Task Shot(IPage page, string file, int width)
    {
        if (Environment.GetEnvironmentVariable("PLIMSOLL_SHOTS") is { Length: > 0 } shots)
        {
            var name = $"bench-{Path.GetFileNameWithoutExtension(file)}-{width}.png";
            await page.ScreenshotAsync(new() { Path = Path.Combine(shots, name), FullPage = true });
        }
    }

    static async Task Paper(IPage page, string file)
    {
        var pdf = await page.PdfAsync(new() { PreferCSSPageSize = true, PrintBackground = false });
        pdf.Length.ShouldBeGreaterThan(10_000);
        if (Environment.GetEnvironmentVariable("PLIMSOLL_SHOTS") is { Length: > 0 } shots)
        {
            var name = $"bench-{Path.GetFileNameWithoutExtension(file)}.pdf";
            await File.WriteAllBytesAsync(Path.Combine(shots, name), pdf);
        }
    }
}
