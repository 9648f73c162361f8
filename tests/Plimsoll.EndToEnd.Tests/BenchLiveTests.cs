using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.EndToEnd.Tests.Serve;
using Plimsoll.Server.Configuration;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// The real binary against a simulated engine on real sockets. The engine decodes four sequences at a time,
/// so that it serves no more than some 36 requests a second however fast the machine is.
/// </summary>
public sealed class BenchLiveTests
{
    const double Capacity = 4 / (16 * 0.0065);

    static readonly string[] Requests =
    [
        "--random-input-len", "64", "--random-output-len", "16", "--ignore-eos", "--max-client-lateness", "1",
    ];

    [Fact]
    public async Task The_load_line_of_a_live_engine_is_searched()
    {
        await using var server = await Start();
        var search = PlimsollProcess.Run([
            "bench", "--base-url", $"{server.Address}", .. Requests, "--request-rate", "10",
            "--promise", "ttft p95 2s", "--find-load-line", "--search-budget", "9s", "--json"]);
        using var json = JsonDocument.Parse(search.Output);
        var found = json.RootElement.GetProperty("plimsoll").GetProperty("load_line");
        found.GetProperty("took_s").GetDouble().ShouldBeLessThanOrEqualTo(9.001);
        found.GetProperty("requests").GetInt64().ShouldBeGreaterThan(20);
        json.RootElement.GetProperty("failed").GetInt32().ShouldBe(0);
        var known = found.GetProperty("requests_per_second").ValueKind == JsonValueKind.Number;
        search.ExitCode.ShouldBe(known ? 0 : 1, search.Story);
        if (found.GetProperty("outcome").GetString() == "found")
        {
            found.GetProperty("low").GetDouble().ShouldBeLessThan(1.2 * Capacity);
            found.GetProperty("bound_by").GetString().ShouldBe("ttft p95 2000ms");
        }
    }

    [Fact]
    public async Task Rates_are_swept_and_drawn()
    {
        await using var server = await Start();
        using var folder = new TemporaryFolder();
        var (page, result) = (folder.File("sweep.html"), folder.File("sweep.json"));
        var sweep = PlimsollProcess.Run([
            "bench", "--base-url", $"{server.Address}", .. Requests, "--promise", "ttft p95 60s",
            "--sweep", "100,10", "--num-prompts", "140", "--gpu", "h100_sxm", "--report", page,
            "--result-filename", result, "--json"]);
        sweep.ExitCode.ShouldBe(0, sweep.Story);
        File.ReadAllText(result).ShouldBe(sweep.Output);
        File.ReadAllText(page).ShouldContain("<svg");
        using var json = JsonDocument.Parse(sweep.Output);
        var points = json.RootElement.EnumerateArray().ToList();
        points.Select(point => point.GetProperty("request_rate").GetDouble()).ShouldBe([10, 100]);
        points.ShouldAllBe(point => point.GetProperty("completed").GetInt32() == 140);
    }

    [Fact]
    public async Task What_bench_wrote_of_a_live_engine_is_calibrated()
    {
        await using var server = await Start();
        using var folder = new TemporaryFolder();
        var (result, profile) = (folder.File("run.json"), folder.File("profile.json"));
        string[] deployment = ["--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--max-num-seqs", "4"];
        var run = PlimsollProcess.Run([
            "bench", "--base-url", $"{server.Address}", .. Requests, "--request-rate", "20",
            "--num-prompts", "60", "--save-detailed", "--result-filename", result]);
        run.ExitCode.ShouldBe(0, run.Story);
        run.Output.ShouldContain("engine: mean TTFT", Case.Sensitive, "metrics of vLLM's names are joined");
        var fit = PlimsollProcess.Run(["calibrate", result, .. deployment, "--output", profile]);
        fit.ExitCode.ShouldBe(0, fit.Story);
    }

    static Task<RunningServer> Start() => RunningServer.StartAsync(config =>
    {
        config.Models =
        [
            new ModelConfig
            {
                Name = "Llama-3.1-8B",
                Simulated = new SimulatedConfig { Model = "Llama-3.1-8B", Gpu = "h100_sxm", MaxNumSeqs = 4 },
            },
        ];
    });
}
