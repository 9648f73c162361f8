using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Simulation;

/// <summary>Drafting in the simulator, by drafters that are all wrong, all right, or slow.</summary>
public sealed class DraftSimulationTests
{
    const long DraftNs = 100_000_000;

    /// <summary>Two drafts of a tenth of a second that are never right: a fifth of a second for every step,
    /// whether the steps are as predicted or as a draw of their error has them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Drafting_takes_its_time_in_every_step(bool isDrawn)
    {
        var slow = MeanTpotNs(new DraftSpec(2, [0], DraftNs, 0, MinTokens: 2), isDrawn);
        var free = MeanTpotNs(new DraftSpec(2, [0], 0, 0, MinTokens: 2), isDrawn);
        (slow - free).ShouldBe(2.0 * DraftNs, 0.02 * DraftNs);
    }

    /// <summary>Three drafts that are always right: four tokens a step.</summary>
    [Fact]
    public void Drafts_that_are_right_are_tokens()
    {
        var plain = MeanTpotNs(new DraftSpec(0, [1], 0, 0), isDrawn: false);
        var drafted = MeanTpotNs(new DraftSpec(3, [1], 0, 0, MinTokens: 3), isDrawn: false);
        (plain / drafted).ShouldBeInRange(2.5, 4);
    }

    /// <summary>Of requests that come one at a time.</summary>
    static double MeanTpotNs(DraftSpec drafts, bool isDrawn)
    {
        var engine = SimulatedEngine.Of(
            TestDeployments.Small with { Engine = TestDeployments.Small.Engine with { MaxNumSeqs = 1 } },
            SchedulingPolicy.InSlack with { Slack = new SlackOptions { Drafts = drafts } });
        if (isDrawn)
            engine = engine.Drawn(engine.StepTime.Errors.Draw(3, 30));
        return engine.Run(
            WorkloadFamily.Find("chat"), 1, new SimulationOptions { Requests = 40, Seed = 1 },
            ArrivalProcess.AtOnce).Latencies.Tpot.MeanNs!.Value;
    }
}
