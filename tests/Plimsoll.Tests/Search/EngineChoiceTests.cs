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

/// <summary>Contenders are put out by bounds and by one probe; the winner is as without.</summary>
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
        var best = all.OrderBy(sized => sized.Accelerators).ThenByDescending(PerAccelerator).First();
        all.Count.ShouldBeGreaterThan(1);
        chosen.Accelerators.ShouldBe(best.Accelerators);
        chosen.Engine.Deployment.ShouldBe(best.Engine.Deployment);
        chosen.Line.Lines.ShouldBe(best.Line.Lines);
        foreach (var tied in chosen.AsCheap)
        {
            tied.Engine.Deployment.ShouldNotBe(chosen.Engine.Deployment);
            all.ShouldContain(sized =>
                sized.Engine.Deployment == tied.Engine.Deployment && sized.Accelerators == best.Accelerators);
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

    static double PerAccelerator(SizedEngine sized) =>
        sized.Line.RequestsPerSecond * sized.Engine.Ranks / sized.Engine.Deployment.Accelerators;

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
