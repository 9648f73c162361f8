using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

/// <summary>An engine's own log of its steps, joined to what the client saw.</summary>
public sealed class StepLogTests : IDisposable
{
    const string Header = "{\"limits\":{},\"step_times\":[1,2]}\n";

    readonly string _folder = Directory.CreateTempSubdirectory("plimsoll-").FullName;

    string Log => Path.Combine(_folder, "log.ndjson");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Steps_of_the_run_and_no_others_are_joined_and_calibrate_reads_them()
    {
        // Fifty steps before the run, the last of them half written, and sixty during it.
        File.WriteAllText(Log,
            Header + string.Concat(Enumerable.Range(0, 50).Select(Step)) + "{\"event\":\"pl");
        var written = 0;
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
        {
            if (ScriptedEndpoint.Asked(body) == 5 && Interlocked.Exchange(ref written, 1) == 0)
            {
                File.AppendAllText(Log, "an\",\"now_ns\":1,\"tokens\":0}\n"
                    + string.Concat(Enumerable.Range(50, 60).Select(Step)) + "{\"event\":\"plan\",\"now_");
            }
            return ScriptedEndpoint.Stream(context, body);
        });
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "Llama-3.1-8B" },
            Levels = [new LevelOptions
            {
                Lengths = new LengthOptions(40, 5), RequestsPerSecond = 200, Requests = 30,
            }],
            Load = "test",
            StepLog = Log,
            Detail = true,
        });
        var result = run.Run(CancellationToken.None);
        var steps = result.Steps!;
        steps.Problem.ShouldBeNull();
        steps.Steps.Select(step => step.Shape.Decodes).ShouldBe(Enumerable.Range(51, 60));
        steps.BusyS.ShouldBe(Enumerable.Range(50, 60).Sum(DurationNs) / 1e9, 1e-9);
        var file = Path.Combine(_folder, "r.json");
        VllmJson.Save(result, file, run.Detail);
        var read = CalibrationFile.Read(file, Deployment);
        read.Configurations.Count.ShouldBe(2);
        read.Configurations[1].Logs.Single().Steps.ShouldBe(steps.Steps);
    }

    [Fact]
    public void A_log_is_measurements_of_its_own()
    {
        File.WriteAllText(Log, Header + string.Concat(Enumerable.Range(0, 50).Select(Step))
            + Step(70).Replace("\"aborted\":false", "\"aborted\":true"));
        var input = CalibrationFile.Read(Log, Deployment);
        input.Form.ShouldBe("decision log");
        input.Used.ShouldBe(50, "a step that was cut off says nothing of its time");
        var shape = input.Configurations.Single().Logs.Single().Steps[7].Shape;
        (shape.Decodes, shape.DecodeContextTokens, shape.PrefillTokens).ShouldBe((8, 8000, 100));
    }

    [Theory]
    [InlineData("{\"event\":\"plan\",\"shape\":{\"decodes\":1}}\n")]
    [InlineData("not json\n")]
    [InlineData("{}\n")]
    public void A_damaged_line_is_named_by_calibrate_and_told_by_bench(string line)
    {
        File.WriteAllText(Log, Header + string.Concat(Enumerable.Range(0, 50).Select(Step)));
        var tail = new StepLogTail(Log);
        File.AppendAllText(Log, Step(1) + line + Step(2));
        var steps = tail.Finish();
        steps.Steps.Count.ShouldBe(1);
        steps.Problem.ShouldNotBeNull();
        Should.Throw<Core.BadInputException>(() => CalibrationFile.Read(Log, Deployment)).Message
            .ShouldContain("line 104: ");
    }

    [Fact]
    public void A_log_without_an_end_of_line_is_read_no_further_than_a_line_may_be_long()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "no /dev/zero here");
        new StepLogTail("/dev/zero").Finish().Problem
            .ShouldBe("/dev/zero: a line of 16777216 bytes and more");
    }

    [Fact]
    public void A_log_begun_anew_or_gone_costs_no_result()
    {
        File.WriteAllText(Log, Header + string.Concat(Enumerable.Range(0, 50).Select(Step)));
        var tail = new StepLogTail(Log);
        File.WriteAllText(Log, Header + Step(3));
        tail.Finish().Steps.Count.ShouldBe(1);
        File.Delete(Log);
        tail.Finish().Problem.ShouldNotBeNull();
        Should.Throw<Core.BadInputException>(() => new StepLogTail(Log)).Message
            .ShouldContain("no such file");
    }

    static Deployment Deployment => new()
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
    };

    static double DurationNs(int i) => 8_000_000 + (50_000 * i);

    static string Step(int i) => $$$"""
        {"event":"plan","now_ns":{{{i}}},"tokens":{{{i + 101}}},"shape":{"decodes":{{{i + 1}}},
        "decode_context_tokens":{{{1000 * (i + 1)}}},"prefill_chunks":1,"prefill_tokens":100,
        "prefill_pairs":5050,"prefill_context_tokens":100,"draft_tokens":0,"logit_rows":{{{i + 2}}}}}
        {"event":"commit","now_ns":{{{i}}},"duration_ns":{{{DurationNs(i)}}},"exceptions":[{
        "slot":0,"generation":1,"finished":true,"aborted":false}]}
        """.ReplaceLineEndings("\n").Replace(",\n", ",").Replace("{\n", "{") + "\n";
}
