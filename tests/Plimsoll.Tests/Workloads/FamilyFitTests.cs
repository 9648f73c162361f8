using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Inputs.Workloads.Traces;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Catalogues;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Workloads;

public sealed class FamilyFitTests
{
    [Theory]
    [InlineData("azure-2023-conv-first-half.csv", 9683, 500, 0.20)]
    [InlineData("mooncake-synthetic.jsonl.gz", 3993, 5000, 0.15)]
    public void A_fitted_family_carries_the_load_line_of_its_trace(
        string name, int rows, double ttftMs, double within)
    {
        var file = ModelOracleTests.SharedData($"traces/{name}");
        Assert.SkipUnless(File.Exists(file), "the shared data is not here");
        var trace = Trace.Load(file);
        trace.Count.ShouldBe(rows);
        var arrivals = new Arrival[rows];
        for (var i = 0; i < rows; i++)
            arrivals[i] = trace[i];
        var (family, report) = FamilyFit.Of(name, name, arrivals, trace.PrefixBlockTokens);
        report.InputKs.ShouldBeLessThanOrEqualTo(0.03);
        report.OutputKs.ShouldBeLessThanOrEqualTo(0.03);
        report.IdcRmsLogError.ShouldBeLessThanOrEqualTo(0.15);

        // A trace is one draw of its family, whose line is a mean over streams. Plain draws as long as the
        // Azure trace scatter by 14 %, and their mean lies 17 % below it: one seed may hide that, eight not.
        var replayed = LoadLineOf(new TraceWorkload(trace, name), rows, ttftMs, streams: 1);
        var fitted = LoadLineOf(new WorkloadFamily(family), rows, ttftMs, streams: 8);
        fitted.ShouldBe(replayed, within * replayed);
    }

    [Fact]
    public void A_family_file_comes_back_as_it_was()
    {
        foreach (var family in WorkloadFamily.BuiltIn)
        {
            using var stream = new MemoryStream(System.Text.Encoding.UTF8.GetBytes(family.Spec.Write()));
            FamilySpec.Read(stream, family.Name).Write().ShouldBe(family.Spec.Write());
        }
    }

    [Fact]
    public void Fitting_what_was_generated_finds_the_burstiness_again()
    {
        var chat = WorkloadFamily.Find("chat");
        var source = chat.Open(20, 200_000, seed: 5);
        var arrivals = new Arrival[200_000];
        for (var i = 0; i < arrivals.Length; i++)
            source.Take(out arrivals[i]);
        var (family, report) = FamilyFit.Of("again", "generated", arrivals, 0);
        family.Arrivals.Sigma.ShouldBe(chat.Spec.Arrivals.Sigma, 0.04);
        family.Arrivals.TauS.ShouldBe(chat.Spec.Arrivals.TauS, 100);
        report.InputKs.ShouldBeLessThanOrEqualTo(0.02);
        family.RequestsPerSecond.ShouldBe(20, 1);
    }

    static double LoadLineOf(Workload workload, long requests, double ttftMs, int streams)
    {
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel("Llama-3.3-70B"),
                Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
                TensorParallel = 8,
            },
            SchedulingPolicy.VllmV1);
        Limit[] limits = [new(Metric.Ttft, 95, (long)(ttftMs * 1e6)), new(Metric.Tpot, 95, 50_000_000)];
        var serving = TestServings.Of(engine.Deployment, workload, requests, limits);
        var ceiling = SaturatedThroughput.Of(engine, serving).RequestsPerSecond;
        return new LoadLineSearch(engine, serving, new ProbeSize(streams, requests, requests)).Find(
            ceiling).RequestsPerSecond;
    }
}
