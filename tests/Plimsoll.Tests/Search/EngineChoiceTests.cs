using System;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Search;

/// <summary>
/// Contenders are put out by bounds and by one probe; the winner is as without: of those near the smallest
/// fleet, the one that is smallest midway between its prediction and the dear end of its interval.
/// </summary>
public sealed class EngineChoiceTests
{
    [Theory]
    [InlineData("Llama-3.1-8B", "h100_sxm", 500, 30, 0)]
    [InlineData("Llama-3.1-8B", "h100_sxm", 120, 30, 1)]
    [InlineData("Llama-3.3-70B", "h100_sxm", 500, 8, 1)]
    [InlineData("Llama-3.3-70B", "h100_sxm", 350, 60, 2)]
    [InlineData("Qwen3-30B-A3B", "h100_sxm", 150, 20, 0)]
    public void The_winner_is_that_of_trying_every_degree_to_the_end(
        string model, string accelerator, double ttftMs, double rate, int spares)
    {
        var serving = Open(model, accelerator, ttftMs) with { RequestsPerSecond = rate };
        var chosen = EngineChoice.Of(serving, spares);
        var all = ParallelismChoice.Candidates(serving.Deployment)
            .Select(deployment => EngineChoice.Of(
                serving with { Deployment = DeploymentChoice.Of(deployment) }, spares))
            .Where(sized => sized.Accelerators is not null).ToList();
        all.Count.ShouldBeGreaterThan(1);
        var glanced = all.ConvertAll(sized => Glanced(sized, serving, spares));
        var near = glanced.Where(one => one.Accelerators <= 1.25 * glanced.Min(e => e.Accelerators))
            .OrderBy(one => one.Accelerators + one.AtWorst).ToList();
        var best = all.Single(sized => sized.Engine.Deployment == near[0].Deployment);
        chosen.Engine.Deployment.ShouldBe(best.Engine.Deployment);
        chosen.Line.RequestsPerSecond.ShouldBe(
            best.Line.RequestsPerSecond, best.Line.RequestsPerSecond * 2 * LoadLineSearch.Precision);
        chosen.Near.Select(sized => sized.Engine.Deployment)
            .ShouldBe(near.Skip(1).Select(one => one.Deployment), ignoreOrder: true);
        foreach (var sized in near.Count > 1 ? chosen.Near.Append(chosen) : [])
        {
            sized.AcceleratorsAtWorst.ShouldBe(
                near.Single(one => one.Deployment == sized.Engine.Deployment).AtWorst);
        }
    }

    /// <summary>
    /// The lead as predicted changes with the seed between a deployment that stands at its limit and one that
    /// keeps clear of it; what is chosen, and how wide its interval is, does not.
    /// </summary>
    [Fact]
    public void Every_seed_chooses_the_same_degrees()
    {
        var serving = Open("Llama-3.3-70B", "h100_sxm", 500) with { RequestsPerSecond = 60 };
        var chosen = Enumerable.Range(1, 6)
            .Select(seed => EngineChoice.Of(serving with { Seed = (ulong)seed }, spareReplicas: 1)).ToList();
        chosen.Select(sized => sized.Engine.Deployment).Distinct().Count().ShouldBe(1);
    }

    /// <summary>
    /// The fleet that the first stream asks for, and that of the dearest draw but the three above it of 64.
    /// </summary>
    static (Deployment Deployment, double Accelerators, double AtWorst) Glanced(
        SizedEngine sized, Serving serving, int spares)
    {
        var (engine, full) = (sized.Engine, sized.Full!);
        var line = new LoadLineSearch(
            engine, serving, ProbeSize.Of(serving, full.RequestsPerSecond) with { Streams = 1 })
            .Find(full.RequestsPerSecond);
        var drawn = DrawnLines.Of(sized with { Line = line }, serving);
        return (
            engine.Deployment, Fleet(line.RequestsPerSecond),
            Math.Max(
                Fleet(line.RequestsPerSecond),
                drawn.Draws.Select(draw => Fleet(draw.LoadLine)).OrderDescending().ElementAt(3)));

        double Fleet(double requestsPerSecond)
        {
            var peak = FleetSize.PeakOverMean(serving.Workload.WeeklyEnvelope) * serving.RequestsPerSecond;
            var replicas = Math.Ceiling((peak / (requestsPerSecond * engine.Ranks)) - 1e-9) + spares;
            return requestsPerSecond > 0
                ? replicas * engine.Deployment.Accelerators
                : double.PositiveInfinity;
        }
    }

    [Fact]
    public void A_rate_above_every_stream_is_not_reached_and_one_below_a_stream_is()
    {
        var serving = Open("Llama-3.1-8B", "h100_sxm", 300);
        var choice = EngineChoice.Of(
            serving with { Deployment = serving.Deployment with { TensorParallel = 1 } }, spareReplicas: 0);
        var search = new LoadLineSearch(
            choice.Engine, serving, ProbeSize.Of(serving, choice.Full!.RequestsPerSecond));
        search.MayReach(1.03 * choice.Line.Lines.Max()).ShouldBeFalse();
        search.MayReach(0.99 * choice.Line.Lines.Max()).ShouldBeTrue();
    }

    static Serving Open(string model, string accelerator, double ttftMs)
    {
        var deployment = new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(model),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(accelerator),
        };
        var serving = TestServings.Of(
            deployment, WorkloadFamily.Find("chat"), requests: 4000,
            new Limit(Metric.Ttft, 95, (long)(ttftMs * 1e6)));
        return serving with { Deployment = serving.Deployment.Open() };
    }
}
