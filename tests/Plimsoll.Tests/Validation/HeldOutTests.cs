using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class HeldOutTests
{
    static readonly StepScale Truth = StepScale.None.With(StepTerm.Products, 1.5);

    static readonly ScaleFitOptions Plan = new() { Terms = [StepTerm.Products], Spread = 10 };

    /// <summary>A run whose engine's products take half as long again as the kernels say.</summary>
    static Observation Run(int concurrency)
    {
        var run = new Observation
        {
            Name = $"{concurrency} clients",
            Deployment = new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
                Accelerator = Catalogue.BuiltIn.FindAccelerator("h100"),
            },
            Load = new ClosedLoad
            {
                Concurrency = concurrency,
                PromptTokens = (500, 500),
                OutputTokens = (100, 100),
                Requests = 4 * concurrency,
            },
            Measured = default,
        };
        return run with { Measured = Replay.Of(run, Truth).Predicted };
    }

    [Fact]
    public void A_fit_to_some_runs_predicts_the_others()
    {
        var test = Run(concurrency: 8);
        var fitted = HeldOut.Predict([Run(1), Run(32)], [test], Plan)[0];
        fitted.Points("split", "configuration", Metric.Tpot).Single().AbsolutePercent.ShouldBeLessThan(1);
    }

    [Fact]
    public void Without_a_plan_or_runs_nothing_is_fitted()
    {
        var test = Run(concurrency: 8);
        foreach (var prediction in new[]
        {
            HeldOut.Predict([Run(1), Run(32)], [test], plan: null)[0], HeldOut.Predict([], [test], Plan)[0],
        })
        {
            prediction.Replay.Predicted.TpotMs.ShouldBe(Replay.Of(test, StepScale.None).Predicted.TpotMs);
        }
    }

    [Fact]
    public void Only_measured_figures_become_points_and_only_unfitted_ones_carry_the_tiers_interval()
    {
        var test = Run(concurrency: 2) with { Measured = new LatencyFigures { TtftMs = 10, TpotMs = 10 } };
        var points = HeldOut.Predict([], [test], plan: null)[0]
            .Points("split", "configuration", Metric.Ttft, Metric.Tpot, Metric.E2e).ToList();
        points.Select(p => p.Figure).ShouldBe(["TTFT mean", "TPOT mean"]);
        foreach (var point in points)
        {
            point.Interval!.Value.Low.ShouldBeLessThan(point.Predicted);
            point.Interval!.Value.High.ShouldBeGreaterThan(point.Predicted);
        }
        HeldOut.Predict([Run(1), Run(32)], [test], Plan)[0].Points("split", "configuration", Metric.Tpot)
            .ShouldAllBe(p => p.Interval == null);
    }

    [Fact]
    public void What_is_predicted_not_to_fit_says_so()
    {
        var run = Run(concurrency: 1);
        HeldOut.Unfit(run).ShouldBeNull();
        var large = run with
        {
            Deployment = run.Deployment with { Model = Catalogue.BuiltIn.FindModel("Llama-3.1-405B") },
        };
        HeldOut.Unfit(large).ShouldNotBeNull();
    }
}
