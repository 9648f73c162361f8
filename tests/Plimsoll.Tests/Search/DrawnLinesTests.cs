using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Search;

/// <summary>What one sweep of the rate errs by, against searches with the drawn models.</summary>
public sealed class DrawnLinesTests(ITestOutputHelper output)
{
    const int Requests = 4_000;

    static readonly SimulatedEngine Engine =
        SimulatedEngine.Of(TestDeployments.Small, SchedulingPolicy.VllmV1);

    /// <summary>
    /// Against bisection of the same stream, itself to 1 %. TTFT and TPOT bind in turn; bursty and smooth.
    /// </summary>
    [Theory]
    [InlineData("chat", 250, 1e6, 0.03)]
    [InlineData("chat", 1e6, 25, 0.06)]
    [InlineData("code-completion", 500, 1e6, 0.08)]
    public void A_draws_load_line_is_what_a_search_with_its_model_finds(
        string family, double ttftMs, double tpotMs, double within)
    {
        var serving = TestServings.Of(
            Engine.Deployment, WorkloadFamily.Find(family), Requests,
            Limit(Metric.Ttft, ttftMs), Limit(Metric.Tpot, tpotMs));
        var full = SaturatedThroughput.Of(Engine, serving);
        var size = ProbeSize.Of(serving, full.RequestsPerSecond).Glance();
        var line = new LoadLineSearch(Engine, serving, size).Find(full.RequestsPerSecond);
        var drawn = DrawnLines.Of(new SizedEngine(Engine, line, 1) { Full = full }, serving);
        var errors = new List<double>();
        for (var i = 0; i < DrawnLines.Count; i += 7)
        {
            var of = drawn.Draws[i];
            var model = Engine with { StepTime = Engine.StepTime.Drawn(of.Draw) };
            var searched = new LoadLineSearch(model, serving, size)
                .Find(SaturatedThroughput.Of(model, serving).RequestsPerSecond).RequestsPerSecond;
            errors.Add(Math.Log(of.LoadLine / searched));
            output.WriteLine(FormattableString.Invariant($"{of.LoadLine:0.000} {searched:0.000}"));
        }
        Math.Sqrt(errors.Average(e => e * e)).ShouldBeLessThan(within);
    }

    static Limit Limit(Metric metric, double ms) => new(metric, 95, (long)(ms * 1e6));
}
