using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.EndToEnd.Tests.Serve;
using Plimsoll.Tests.Bench;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>What bench will not do, and what it still says of a run that never came to its load.</summary>
public sealed class BenchRefusalTests
{
    [Theory]
    [InlineData("--workload chat --random-input-len 9", "--workload", "--random-input-len")]
    [InlineData("--workload chat --dataset-path /dev/null", "--dataset-path", "--workload")]
    [InlineData("--stages 1:5s --request-rate 3", "--stages", "--request-rate")]
    [InlineData("--sweep 1,2 --find-load-line --promise \"ttft p95 1s\"", "--sweep", "--find-load-line")]
    [InlineData("--sweep 1,2 --request-rate 3", "--sweep", "--request-rate")]
    [InlineData("--sweep 1,2 --save-detailed", "--sweep", "--save-detailed")]
    [InlineData("--sweep 1,2 --max-concurrency 3", "--sweep", "--max-concurrency")]
    [InlineData("--promise \"ttft p95 1s\" --goodput ttft:5", "--promise", "--goodput")]
    [InlineData("--search-budget 5min", "--search-budget", "--find-load-line with it")]
    [InlineData("--request-rate inf --burstiness 2", "--request-rate inf", "--burstiness")]
    [InlineData("--request-rate 2 --burstiness 2 --arrivals constant", "--burstiness", "--arrivals")]
    [InlineData("--num-images 2 --backend openai", "--num-images", "openai-chat")]
    [InlineData("--count 8", "--count", "--gpu")]
    [InlineData("--tp 8", "--tp", "--gpu")]
    [InlineData("--weights fp8", "--weights", "--gpu")]
    [InlineData("--gpu h100_sxm --weights fp7", "--weights", "bf16, fp8")]
    [InlineData("--no-stream --promise \"tpot p95 50ms\"", "--no-stream", "no promise of tpot")]
    [InlineData("--no-stream --goodput tpot:50", "--no-stream", "no promise of tpot")]
    [InlineData("--warmup 10s --duration 5s --request-rate 1", "--warmup", "less than --duration says")]
    [InlineData("--duration 5s", "--duration", "--request-rate")]
    [InlineData("--sweep 1,2 --duration 5s --base-url http://127.0.0.1:9", "Connection refused")]
    [InlineData("--metadata completed=5", "--metadata completed", "another key")]
    [InlineData("--header Content-Type=x", "--header Content-Type", "no request can send it")]
    [InlineData("--find-load-line --promise \"ttft p95 1s\" --num-prompts 10", "--find-load-line",
        "--num-prompts")]
    [InlineData("--burstiness nan --request-rate 5", "--burstiness nan", "or inf")]
    public void Flags_that_contradict_each_other_are_one_line(string flags, params string[] words) =>
        PlimsollProcess.Run(["bench", "--model", "m", .. Split(flags)]).ShouldBeRefused(words);

    /// <summary>A line end after a mounted secret is taken off; a line end within is one line.</summary>
    [Theory]
    [InlineData("abc\n", "Bearer abc")]
    [InlineData("a\nbc", null)]
    public async Task A_key_with_a_line_end_is_trimmed_or_refused(string key, string? sent)
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        var run = PlimsollProcess.Run(
            new Dictionary<string, string> { ["OPENAI_API_KEY"] = key }, "bench", "--base-url",
            $"{endpoint.BaseUrl}", "--model", "m", "--request-rate", "50", "--num-prompts", "3");
        if (sent is null)
            run.ShouldBeRefused("OPENAI_API_KEY", "expected visible ASCII");
        else
            endpoint.Keys.ShouldContain(sent);
    }

    /// <summary>
    /// A device never ends and a pipe cannot be read twice: seconds, little memory, one line.
    /// </summary>
    [Theory]
    [InlineData("--dataset-path")]
    [InlineData("--levels")]
    [InlineData("--tokenizer")]
    [InlineData("--against")]
    [InlineData("diff")]
    [InlineData("import")]
    public async Task A_file_that_never_ends_is_one_line(string where)
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "no /dev/zero here");
        await using var endpoint = await ScriptedEndpoint.Start();
        string[] run = ["bench", "--base-url", $"{endpoint.BaseUrl}", "--model", "m", "--num-prompts", "3"];
        string[] arguments = where switch
        {
            "diff" => ["bench", "diff", "/dev/zero", "/dev/zero"],
            "import" => ["bench", "import", "/dev/zero"],
            _ => [.. run, where, "/dev/zero"],
        };
        PlimsollProcess.Run(new Dictionary<string, string> { ["DOTNET_GCHeapHardLimit"] = "0x20000000" },
            arguments).ShouldBeRefused("/dev/zero");
    }

    /// <summary>Interrupted at the first question it asks, the name of the model.</summary>
    [Fact]
    public async Task An_interrupt_before_the_load_is_said_and_everything_is_written()
    {
        var asked = new TaskCompletionSource();
        await using var endpoint = await ScriptedEndpoint.Start(models: async context =>
        {
            asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var folder = new TemporaryFolder();
        var (page, result) = (folder.File("r.html"), folder.File("r.json"));
        using var process = PlimsollProcess.Start("bench", "--base-url", $"{endpoint.BaseUrl}",
            "--ready-check-timeout-sec", "3600", "--result-filename", result, "--report", page, "--json");
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(1);
        using var printed = JsonDocument.Parse(output);
        foreach (var json in new[] { printed.RootElement, Saved(result) })
        {
            var ours = json.GetProperty("plimsoll");
            ours.GetProperty("interrupted").GetBoolean().ShouldBeTrue();
            ours.GetProperty("valid").GetBoolean().ShouldBeFalse();
            ours.GetProperty("invalid_because")[0].GetString()!.ShouldContain("stopped before its end");
        }
        (await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken))
            .ShouldContain("<b>INVALID</b>");
    }

    [Fact]
    public async Task An_endpoint_that_refuses_still_has_a_page_and_json()
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, _) =>
        {
            context.Response.StatusCode = 401;
            return Task.CompletedTask;
        });
        using var folder = new TemporaryFolder();
        foreach (var more in new string[][] { [], ["--sweep", "1,2"] })
        {
            var page = folder.File("r.html");
            var run = PlimsollProcess.Run(["bench", "--base-url", $"{endpoint.BaseUrl}", "--json", "--report",
                page, .. more]);
            run.ExitCode.ShouldBe(2, run.Story);
            run.Story.Trim().Split('\n').ShouldHaveSingleItem().ShouldContain("HTTP 401");
            using var json = JsonDocument.Parse(run.Output);
            var root = more.Length == 0 ? json.RootElement : json.RootElement.EnumerateArray().Single();
            root.GetProperty("plimsoll").GetProperty("refused").GetString()!.ShouldContain("HTTP 401");
            root.GetProperty("plimsoll").GetProperty("valid").GetBoolean().ShouldBeFalse();
            (await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken))
                .ShouldContain("nothing was measured");
            File.Delete(page);
        }
    }

    [Fact]
    public async Task An_account_that_is_none_is_refused_before_the_load()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        using var folder = new TemporaryFolder();
        var account = folder.File("a.json");
        await File.WriteAllTextAsync(account, "{}", TestContext.Current.CancellationToken);
        PlimsollProcess.Run("bench", "--base-url", $"{endpoint.BaseUrl}", "--model", "m", "--num-prompts",
            "5", "--against", account).ShouldBeRefused("is no account");
        endpoint.Bodies.ShouldBeEmpty();
    }

    [Fact]
    public async Task Too_few_requests_to_say_is_neither_kept_nor_broken()
    {
        await using var endpoint = await ScriptedEndpoint.Start();
        var run = PlimsollProcess.Run("bench", "--base-url", $"{endpoint.BaseUrl}", "--num-prompts", "20",
            "--request-rate", "100", "--promise", "ttft p95 60s");
        run.ExitCode.ShouldBe(1, run.Story);
        run.Output.ShouldContain("too few to say: 20 requests of the 130 needed");
        run.Output.ShouldContain("promise too few to say");
    }

    /// <summary>
    /// The first two commands of the guide, as a newcomer types them but for how long they run.
    /// </summary>
    [Fact]
    public async Task The_guides_first_commands_work_as_typed()
    {
        var guide = await File.ReadAllTextAsync(
            Path.Combine(Root(), "docs/guide/bench.md"), TestContext.Current.CancellationToken);
        var commands = guide.Split("```")[1].Trim().Replace("\\\n", " ").Split('\n')
            .Select(line => Split(line).ToArray()).ToList();
        commands.Count.ShouldBe(2);
        commands.ShouldAllBe(command => command[0] == "plimsoll");
        commands[0][1].ShouldBe("serve");
        using var folder = new TemporaryFolder();
        using var server = await ServeProcess.StartAsync([.. commands[0][2..],
            "--state", folder.File("state")]);
        var bench = commands[1][1..];
        bench[Array.IndexOf(bench, "--base-url") + 1] = $"{server.Client.BaseAddress}";
        bench[Array.IndexOf(bench, "--duration") + 1] = "2s";
        bench[Array.IndexOf(bench, "--result-filename") + 1] = folder.File("run.json");
        bench[Array.IndexOf(bench, "--report") + 1] = folder.File("run.html");
        var run = PlimsollProcess.Run(bench);
        run.ExitCode.ShouldBeInRange(0, 1, run.Story);
        run.Output.ShouldContain("Llama-3.1-8B at ");
        run.Output.ShouldContain("From the bound to the bill");
        Saved(folder.File("run.json")).GetProperty("failed").GetInt32().ShouldBe(0);
    }

    static JsonElement Saved(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement.Clone();

    static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Plimsoll.slnx")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    static IEnumerable<string> Split(string line) =>
        line.Split('"').SelectMany((part, i) => i % 2 == 1 ? [part]
            : part.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
