using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>
/// Files as load generators write them, calibrated by the real binary and used by the other verbs.
/// </summary>
public sealed class CalibrateTests
{
    static readonly string[] Deployment = ["--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--tp", "1"];

    /// <summary>A light steady load: 40 requests, one a second, 9 ms per token.</summary>
    const int Requests = 40;
    const double TtftS = 0.05;
    const double TpotS = 0.009;

    static double StartS(int request) => 100 + request + 0.1 * (request % 3);

    static int Prompt(int request) => 400 + 20 * (request % 10);

    static int Output(int request) => 60 + request % 5;

    const string Points =
        "concurrency,prompt_tokens,output_tokens,ttft_ms,tpot_ms\n"
        + "1,512,128,40,8\n32,512,128,150,10.5\n128,512,128,400,18\n";

    /// <summary>A profile of those points, made once.</summary>
    static readonly Lazy<string> Profiled = new(() =>
    {
        using var folder = new TemporaryFolder();
        var profile = folder.File("profile.json");
        Calibrate(folder.File("points.csv", Points), "--output", profile).ExitCode.ShouldBe(0);
        return File.ReadAllText(profile);
    });

    [Fact]
    public void Every_form_gives_the_same_fit_of_the_same_run()
    {
        using var folder = new TemporaryFolder();
        var factors = new List<double>();
        foreach (var (name, content) in new[]
        {
            ("vllm.json", VllmResult()), ("guidellm.json", Guidellm()), ("profile_export.jsonl", AiPerf()),
        })
        {
            using var profile = Profile(folder.File(name, content));
            factors.Add(Factor(profile, "products"));
            profile.RootElement.GetProperty("heldOut").GetProperty("split")
                .GetString()!.ShouldStartWith("halves");
            var input = profile.RootElement.GetProperty("inputs")[0];
            input.GetProperty("used").GetInt64().ShouldBe(Requests);
            input.GetProperty("failed").GetInt64().ShouldBe(1);
        }
        factors[1].ShouldBe(factors[0], 0.002);
        factors[2].ShouldBe(factors[0], 0.002);
    }

    [Fact]
    public void Packed_files_are_read_as_they_are()
    {
        using var folder = new TemporaryFolder();
        var packed = folder.File("run.json.gz");
        using (var gzip = new GZipStream(File.Create(packed), CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(VllmResult()));
        using var plain = Profile(folder.File("run.json", VllmResult()));
        using var unpacked = Profile(packed);
        Factor(unpacked, "products").ShouldBe(Factor(plain, "products"));
    }

    [Fact]
    public void Points_give_a_profile_that_follows_its_schema_and_that_other_verbs_take()
    {
        using var folder = new TemporaryFolder();
        var profile = folder.File("profile.json");
        var result = Calibrate(folder.File("points.csv", Points), "--output", profile);
        result.ExitCode.ShouldBe(0, result.Story);
        result.Output.ShouldContain("Held out: one configuration at a time");
        var again = Calibrate(folder.File("points.csv"), "--json");
        again.Output.ShouldBe(File.ReadAllText(profile), "the same input gives the same bytes");
        JsonSchemaTests.Check(profile, "profile");

        var simulated = PlimsollProcess.Run(
            ["simulate", .. Deployment, "--requests", "500", "--rate", "1", "--profile", profile]);
        simulated.ExitCode.ShouldBe(0, simulated.Story);
        simulated.Output.ShouldContain("tier fitted");
        simulated.Output.ShouldContain("held out");
        var account =
            PlimsollProcess.Run(["account", .. Deployment, "--requests", "500", "--profile", profile]);
        account.ExitCode.ShouldBe(0, account.Story);
        account.Output.ShouldMatch("step times: tier +fitted +fitted");
        account.Output.ShouldContain("quantisation");
    }

    [Fact]
    public void Summaries_of_closed_loops_are_points()
    {
        using var folder = new TemporaryFolder();
        static string Summary(int clients, double ttftMs, double tpotMs) => JsonSerializer.Serialize(new
        {
            schema_version = "1.5",
            input_config = new { phases = new { profiling = new { concurrency = clients } } },
            request_count = new { unit = "requests", avg = 10.0 * clients },
            input_sequence_length = new { unit = "tokens", avg = 512.2 },
            output_sequence_length = new { unit = "tokens", avg = 128.0 },
            time_to_first_token = new { unit = "ms", avg = ttftMs },
            inter_token_latency = new { unit = "ms", avg = tpotMs },
        });
        var one = folder.File("one.json", Summary(1, 40, 8));
        var result = Calibrate(one, folder.File("many.json", Summary(32, 150, 10.5)), "--json");
        result.ExitCode.ShouldBe(0, result.Story);
        using var profile = JsonDocument.Parse(result.Output);
        profile.RootElement.GetProperty("heldOut").GetProperty("configurations").GetInt32().ShouldBe(2);
        File.WriteAllText(one, Summary(1, 40, 8).Replace("concurrency", "request_rate"));
        Calibrate(one, "--json").ShouldBeRefused(one, "0 concurrencies", "profile_export.jsonl");
    }

    [Fact]
    public void Steps_give_a_profile()
    {
        using var folder = new TemporaryFolder();
        var text =
            new StringBuilder("duration_ms,decodes,decode_context_tokens,prefill_chunks,prefill_tokens\n");
        for (var i = 0; i < 80; i++)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{8 + 0.05 * i},{1 + i},{(1 + i) * 700},{i % 4 / 3},{i % 4 / 3 * 100}\n");
        }

        using var profile = Profile(folder.File("steps.csv", text.ToString()));
        Factor(profile, "products").ShouldBeGreaterThan(0.4);
        profile.RootElement.GetProperty("heldOut").GetProperty("figures")[0].GetProperty("figure").GetString()
            .ShouldBe("step");
    }

    [Theory]
    [InlineData("--model", "Qwen3-32B")]
    [InlineData("--gpu", "a100_sxm")]
    [InlineData("--engine", "trtllm")]
    [InlineData("--weights", "fp8")]
    public void A_profile_of_something_else_is_refused(string option, string value)
    {
        using var folder = new TemporaryFolder();
        var profile = folder.File("profile.json", Profiled.Value);
        var asked = Deployment.Chunk(2).Where(pair => pair[0] != option).SelectMany(pair => pair);
        PlimsollProcess.Run(["simulate", .. asked, option, value, "--profile", profile])
            .ShouldBeRefused(profile, option, "expected the same");
    }

    [Theory]
    [InlineData("cut", "malformed profile")]
    [InlineData("unknown", "malformed profile")]
    [InlineData("schema", "plimsoll/profile/1")]
    [InlineData("term", "unknown")]
    [InlineData("factor", "factor")]
    [InlineData("missing", "cannot be read")]
    public void A_damaged_profile_is_refused(string damage, string what)
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("profile.json");
        var text = Profiled.Value;
        var profile = JsonNode.Parse(text)!.AsObject();
        switch (damage)
        {
            case "unknown":
                profile["colour"] = "red";
                break;
            case "schema":
                profile["schema"] = "plimsoll/profile/9";
                break;
            case "term":
                profile["multipliers"]![0]!["term"] = "magic";
                break;
            case "factor":
                profile["multipliers"]![0]!["factor"] = -1;
                break;
        }
        if (damage != "missing")
            File.WriteAllText(path, damage == "cut" ? text[..(text.Length / 2)] : profile.ToJsonString());
        PlimsollProcess.Run(["simulate", .. Deployment, "--profile", path])
            .ShouldBeRefused(path, what, "expected");
    }

    [Theory]
    [InlineData("1,512,128,40,8\n", "1 point")]
    [InlineData("1,512,128,0.04,0.008\n32,512,128,0.15,0.0105\n", "wrong units")]
    [InlineData("1,512,128,40000,8000\n32,512,128,150000,10500\n", "wrong units")]
    [InlineData("1,512,128,40,8\n32,512,128,-150,10\n", "at least 0")]
    [InlineData("1,512,128,40,8\n32,512,128,150,0\n", "above 0")]
    [InlineData("1,512,128,40,1.5\n32,512,128,150,2\n", "impossible timing")]
    [InlineData("1,512,128,400,120\n32,512,128,4000,150\n", "the deployment that was measured")]
    [InlineData("0,512,128,40,8\n32,512,128,150,10\n", "at least 1")]
    [InlineData("one,512,128,40,8\n", "whole number")]
    [InlineData("", "no rows")]
    public void Impossible_points_are_refused(string rows, string what)
    {
        using var folder = new TemporaryFolder();
        var file =
            folder.File("points.csv", "concurrency,prompt_tokens,output_tokens,ttft_ms,tpot_ms\n" + rows);
        Calibrate(file, "--output", folder.File("p.json")).ShouldBeRefused(file, what, "expected");
        File.Exists(folder.File("p.json")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("ttfts", -0.1, "impossible timing")]
    [InlineData("itls", -0.1, "negative")]
    [InlineData("ttfts", null, "no number")]
    [InlineData("", null, "start_times")]
    public void Impossible_results_are_refused(string key, double? value, string what)
    {
        using var folder = new TemporaryFolder();
        var result = JsonNode.Parse(VllmResult())!.AsObject();
        if (key == "")
            result.Remove("start_times");
        else if (key == "itls")
            result[key]![3]![0] = value;
        else
            result[key]![3] = value;
        var file = folder.File("run.json", result.ToJsonString());
        Calibrate(file, "--json").ShouldBeRefused(file, what, "expected");
    }

    [Fact]
    public void Last_before_first_and_too_few_requests_are_refused()
    {
        using var folder = new TemporaryFolder();
        var lines = Enumerable.Range(0, 30).Select(i => Stamps(i, last: i == 7 ? 1.01 : 1.6)).ToList();
        var file = folder.File("run.requests.jsonl", string.Join('\n', lines));
        Calibrate(file, "--json").ShouldBeRefused("line 8", "last token", "expected");
        file = folder.File("few.requests.jsonl", string.Join('\n', lines.Take(5)));
        Calibrate(file, "--json").ShouldBeRefused(file, "5 served requests", "at least 20");
    }

    [Fact]
    public void Mixed_engines_and_models_are_refused()
    {
        using var folder = new TemporaryFolder();
        var lines = string.Join('\n', Enumerable.Range(0, 30).Select(i => Stamps(i, 1.6)));
        var a = folder.File("a.requests.jsonl", lines);
        var b = folder.File("b.requests.jsonl", lines);
        folder.File("a.meta.json", """{"model": "Llama-3.1-8B", "vllm_version": "0.19.0"}""");
        folder.File("b.meta.json", """{"model": "Llama-3.1-8B", "vllm_version": "0.15.1"}""");
        Calibrate(a, b, "--json").ShouldBeRefused(b, "mixed engine versions", a);
        folder.File("b.meta.json", """{"model": "Qwen3-32B", "vllm_version": "0.19.0"}""");
        Calibrate(a, b, "--json").ShouldBeRefused(b, "mixed models", a);
        Calibrate(a, "--json").ShouldBeRefused(a, "vllm@0.19.0", "--engine");
        Calibrate(a, "--engine", "trtllm", "--json")
            .ShouldBeRefused(a, "measured with engine vllm", "--engine is trtllm");
        Calibrate(a, a, "--json").ShouldBeRefused(a, "given twice", "once");
    }

    [Theory]
    [InlineData("""{"hello": 1}""", "no known form")]
    [InlineData("a,b,c\n1,2,3\n", "no known form")]
    [InlineData("", "is empty")]
    [InlineData("""{"benchmarks": [""", "malformed JSON")]
    public void A_file_of_no_known_form_is_refused(string content, string what)
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("run", content);
        Calibrate(file, "--json").ShouldBeRefused(file, what, "expected");
    }

    [Fact]
    public void What_was_measured_must_be_named_and_an_unwritable_path_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        var file = folder.File("points.csv", Points);
        PlimsollProcess.Run("calibrate", file, "--gpu", "h100_sxm", "--json")
            .ShouldBeRefused("--model", "missing", "measured");
        PlimsollProcess.Run("calibrate", file, "--model", "Llama-3.1-8B", "--gpu", "h100_sxm", "--tp", "3",
            "--json").ShouldBeRefused("--tp 3", "divisor");
        Calibrate(file).ShouldBeRefused("--output", "missing", "--json");
        Calibrate(file, "--output", "/nowhere/p.json")
            .ShouldBeRefused("/nowhere/p.json", "cannot be written", "writable");
        Directory.Exists("/nowhere").ShouldBeFalse();
    }

    static PlimsollProcess.Result Calibrate(params string[] arguments) =>
        PlimsollProcess.Run(["calibrate", .. Deployment, .. arguments]);

    static JsonDocument Profile(string file)
    {
        var result = Calibrate(file, "--json");
        result.ExitCode.ShouldBe(0, result.Story);
        return JsonDocument.Parse(result.Output);
    }

    static double Factor(JsonDocument profile, string term) =>
        profile.RootElement.GetProperty("multipliers").EnumerateArray()
        .Single(m => m.GetProperty("term").GetString() == term).GetProperty("factor").GetDouble();

    static string Stamps(int i, double last) => string.Create(CultureInfo.InvariantCulture,
        $"{{\"input_toks\": 100, \"output_toks\": 60, \"arrival_time\": {i}.0, \"queued_ts\": {i}.001, "
        + $"\"first_token_ts\": {i + 1.05}, \"last_token_ts\": {i + last}}}");

    static string VllmResult()
    {
        var all = Enumerable.Range(0, Requests + 1).ToList();
        bool Failed(int i) => i == Requests;
        return JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["model_id"] = "meta-llama/Llama-3.1-8B-Instruct",
            ["request_rate"] = 1.0,
            ["max_concurrency"] = null,
            ["completed"] = Requests,
            ["total_input_tokens"] = 1,
            ["request_throughput"] = 1.0,
            ["input_lens"] = all.Select(Prompt),
            ["output_lens"] = all.Select(i => Failed(i) ? 0 : Output(i)),
            ["ttfts"] = all.Select(i => Failed(i) ? 0 : TtftS),
            // Chunks of two tokens: gaps twice as long and half as many, as vLLM writes them.
            ["itls"] = all.Select(
                i => Failed(i) ? [] : Enumerable.Repeat((Output(i) - 1) * TpotS / 30, 30).ToArray()),
            ["start_times"] = all.Select(StartS),
            ["errors"] = all.Select(i => Failed(i) ? "timeout" : ""),
        });
    }

    static string Guidellm() => JsonSerializer.Serialize(new
    {
        benchmarks = new[]
        {
            new
            {
                config = new { backend = new { model = "Llama-3.1-8B" } },
                requests = new
                {
                    successful = Enumerable.Range(0, Requests).Select(i => new
                    {
                        request_start_time = StartS(i),
                        prompt_tokens = Prompt(i),
                        output_tokens = Output(i),
                        time_to_first_token_ms = 1e3 * TtftS,
                        inter_token_latency_ms = 1e3 * TpotS,
                        time_per_output_token_ms = 77.0,
                    }),
                    errored = new[] { new { request_start_time = 1.0 } },
                    incomplete = Array.Empty<int>(),
                },
            },
        },
    });

    static string AiPerf()
    {
        static object Metric(double value, string unit) => new { value, unit };
        var lines = Enumerable.Range(0, Requests).Select(i => JsonSerializer.Serialize(new
        {
            metadata =
                new { request_start_ns = (long)(1e9 * StartS(i)), benchmark_phase = "profiling",
                    was_cancelled = false },
            metrics = new
            {
                input_sequence_length = Metric(Prompt(i), "tokens"),
                output_sequence_length = Metric(Output(i), "tokens"),
                time_to_first_token = Metric(1e3 * TtftS, "ms"),
                inter_token_latency = Metric(1e6 * TpotS, "us"),
            },
            error = (object?)null,
        }));
        var failed = """{"metadata": {"request_start_ns": 1, "benchmark_phase": "profiling"}, "metrics": {}, "error": {"code": 499}}""";
        return string.Join('\n', lines.Append(failed));
    }
}
