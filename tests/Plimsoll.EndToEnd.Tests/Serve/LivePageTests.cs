using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Playwright;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests.Serve;

/// <summary>The live page in a real browser, before a real server under real load.</summary>
public sealed class LivePageTests
{
    const string Chromium = "/usr/bin/chromium";

    [Fact]
    public async Task Pictures_move_as_traffic_comes_and_fit_a_phone()
    {
        Assert.SkipUnless(File.Exists(Chromium), "no Chromium here");
        await using var engine = await RunningServer.StartAsync();
        await using var server = await RunningServer.StartAsync(config => Levels(config, engine));
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-background-networking"],
        });
        await using var phone = await browser.NewContextAsync(
            new() { ViewportSize = new() { Width = 390, Height = 800 } });
        var page = await phone.NewPageAsync();
        var faults = "";
        page.Console += (_, message) => faults += message.Type == "error" ? message.Text + "\n" : "";
        page.PageError += (_, error) => faults += error + "\n";
        using var stop = new CancellationTokenSource();
        var traffic = TrafficAsync(server, stop.Token);
        await page.GotoAsync(server.Address.ToString());
        await page.Locator("svg.load").WaitForAsync(new() { Timeout = 15_000 });
        await Assertions.Expect(page.Locator("#headline"))
            .ToHaveTextAsync("Promises kept", new() { Timeout = 20_000 });
        var before = await page.Locator("#slack").InnerHTMLAsync();
        (await RunningServer.EventuallyAsync(
            () => page.Locator("#slack").InnerHTMLAsync(), now => now != before)).ShouldNotBe(before);
        (await page.Locator("svg").CountAsync()).ShouldBeGreaterThanOrEqualTo(6);
        (await page.Locator("#load").TextContentAsync())!.ShouldContain("load line");
        await Assertions.Expect(page.Locator("#ttft"))
            .ToContainTextAsync("interactive: promised 500 ms", new() { Timeout = 20_000 });
        await Assertions.Expect(page.Locator("#ttft"))
            .ToContainTextAsync("relaxed: promised 900 ms", new() { Timeout = 20_000 });
        (await page.Locator("#tables").TextContentAsync())!.ShouldContain("fleet");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"))
            .ShouldBeTrue("nothing scrolls sideways on a phone");
        if (Environment.GetEnvironmentVariable("PLIMSOLL_SHOTS") is { Length: > 0 } shots)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(shots, "phone.png"), FullPage = true });
            await page.SetViewportSizeAsync(1200, 900);
            await page.ReloadAsync();
            await page.Locator("svg.load").WaitForAsync();
            await page.ScreenshotAsync(new() { Path = Path.Combine(shots, "wide.png"), FullPage = true });
        }
        await stop.CancelAsync();
        await traffic;
        faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_frame_is_anybodys_and_what_fills_it_an_admins()
    {
        var (user, userKey) = RunningServer.NewKey("acme");
        var (admin, adminKey) = RunningServer.NewKey("ops", key => key.Admin = true);
        await using var server = await RunningServer.StartAsync(config => config.Keys = [userKey, adminKey]);
        var page = await server.Client.GetAsync("/");
        page.IsSuccessStatusCode.ShouldBeTrue();
        (await page.Content.ReadAsStringAsync()).ShouldNotContain("sim");
        page.Headers.Contains("Content-Security-Policy").ShouldBeTrue();
        (await server.GetAsync("/live")).Status.ShouldBe(401);
        (await server.GetAsync("/live", user)).Status.ShouldBe(403);
        using var request = new System.Net.Http.HttpRequestMessage(System.Net.Http.HttpMethod.Get, "/live");
        request.Headers.Add("Authorization", $"Bearer {admin}");
        using var events = await server.Client.SendAsync(
            request, System.Net.Http.HttpCompletionOption.ResponseHeadersRead);
        events.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("event: second");
        (await reader.ReadLineAsync())!.ShouldContain("\"slack\":\"");
    }

    static void Levels(ServeConfig config, RunningServer engine)
    {
        config.Levels["relaxed"] = new LevelConfig { Ttft = "900ms", Itl = "150ms" };
        config.Models =
        [
            new ModelConfig
            {
                Name = "fleet",
                PriceUsdPerHour = 2,
                LoadLineRequestsPerSecond = 7.5,
                Twin = RunningServer.Simulated().Simulated,
                Upstreams = [new UpstreamConfig { Url = engine.Address.ToString(), Model = "sim" }],
            },
        ];
    }

    static async Task TrafficAsync(RunningServer server, CancellationToken stop)
    {
        const string Body =
            """{"model":"fleet","max_tokens":20,"messages":[{"role":"user","content":"hi"}],"stream":true}""";
        const string Relaxed =
            """{"model":"fleet","max_tokens":20,"service_tier":"relaxed","messages":[{"role":"user","content":"hi"}],"stream":true}""";
        const string Batch =
            """{"model":"fleet","max_tokens":40,"service_tier":"flex","messages":[{"role":"user","content":"hi"}],"stream":true}""";
        while (!stop.IsCancellationRequested)
        {
            string[] bodies = [Body, Body, Relaxed, Relaxed, Batch, Batch];
            var answers = Array.ConvertAll(bodies, body => server.PostAsync("/v1/chat/completions", body));
            await Task.WhenAll(answers);
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
