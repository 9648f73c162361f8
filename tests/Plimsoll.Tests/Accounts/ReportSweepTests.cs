using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Reports;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

/// <summary>
/// The sweep of the rate behind a report, and what is read off it, worked out again: the small account's
/// engine under one limit on first tokens that it breaks at about half of what it carries.
/// </summary>
public sealed class ReportSweepTests
{
    static readonly Limit Promised = new(Metric.Ttft, 90, (long)(1e6 * BaseOf(0.5)) + 1);

    static readonly Lazy<ReportModel> WholeSweep = new(() => Build(1e6));

    static ReportModel Whole => WholeSweep.Value;

    static IReadOnlyList<LoadSweepPoint> Points => Whole.LoadSweeps[0].Points;

    [Fact]
    public void The_rates_are_shares_of_the_ceiling_and_the_load_line()
    {
        double[] shares = [0.002, 0.02, 0.05, .. Enumerable.Range(1, 20).Select(i => i / 20.0)];
        Points.Select(p => p.RequestsPerSecond)
            .ShouldBe(shares.Select(s => s * Outcome.Ceiling).Append(Outcome.LoadLine).Order(), 1e-9);
        Points.Count.ShouldBe(ReportBuilder.Runs);
    }

    [Fact]
    public void Load_is_shown_up_to_the_first_break_more_than_a_fifth_beyond_the_line()
    {
        var broken = Points.First(p => !p.Holds).RequestsPerSecond;
        var line = broken / 1.1;
        var last = Points.ToList().FindIndex(p => !p.Holds && p.RequestsPerSecond > 1.2 * line);
        Points[last].RequestsPerSecond.ShouldBeGreaterThan(broken, "the first break is too near");
        last.ShouldBeLessThan(Points.Count - 1);
        var shown = Build(line).LoadSweeps[0].Points;
        shown.Select(p => p.RequestsPerSecond)
            .ShouldBe(Points.Take(last + 1).Select(p => p.RequestsPerSecond));
    }

    [Fact]
    public void The_load_line_is_looked_at_closely_and_other_rates_at_a_glance()
    {
        var half = Points.First(p => p.RequestsPerSecond > 0.49 * Outcome.Ceiling).RequestsPerSecond;
        var (whole, glance) = (Outcome.Size, Outcome.Size.Glance());
        foreach (var (rate, size) in new[] { (Outcome.LoadLine, whole), (half, glance) })
        {
            var run = new LoadLineSearch(Outcome.Engine, Asked.Request.Serving, size)
                .Measure(rate / Accelerators);
            var point = Whole.Interactivity.Single(p => p.RequestsPerSecond == rate);
            point.TokensPerSecondAndUser.ShouldBe(1e9 / run.Latencies.Tpot.MeanNs!.Value, 1e-6);
            // As many ranks as accelerators.
            point.TokensPerSecondAndAccelerator.ShouldBe(run.OutputTokensPerSecond, 1e-6);
        }
    }

    [Fact]
    public void A_cost_is_that_of_the_fleet_at_the_rate_where_the_sweep_meets_the_limit()
    {
        var curve = Whole.CostCurves[0];
        (curve.Percentile, curve.PromisedMs).ShouldBe((90, Promised.LimitNs / 1e6));
        curve.Points.Count.ShouldBe(14);
        var between = 0;
        foreach (var point in curve.Points)
        {
            var line = LineAt(point.LimitMs);
            between += Points.Any(p => p.RequestsPerSecond == line) ? 0 : 1;
            (point.LoadLine ?? 0).ShouldBe(line, 1e-9 * line);
            point.UsdPerMillionTokens.ShouldBe(Cost(line));
            var limit = new Limit(Metric.Ttft, 90, (long)(point.LimitMs * 1e6));
            var drawn = Enumerable.Range(0, DrawnLines.Count)
                .Select(draw => Accelerators * Outcome.Drawn!.LineUnder(draw, limit)).Order().ToList();
            point.Low.ShouldBe(Cost(Math.Max(line, drawn[^4])));
            point.High.ShouldBe(Cost(Math.Min(line, drawn[3])));
        }
        between.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Without_a_promise_of_a_metric_its_curve_is_of_the_p95_at_the_usual_limits()
    {
        Whole.PromisedInteractivity.ShouldBeNull();
        var curve = Whole.CostCurves[1];
        (curve.Metric, curve.Percentile, curve.PromisedMs).ShouldBe((Metric.Tpot, 95, null));
        curve.Points.Select(p => p.LimitMs)
            .ShouldBe([10, 12.5, 15, 20, 25, 30, 35, 40, 50, 60, 75, 100, 150]);
    }

    [Fact]
    public void Distributions_are_percentiles_of_the_runs_that_there_are()
    {
        Whole.Distributions.Select(d => (d.Metric, d.Class)).ShouldBe(
            new[] { Metric.Ttft, Metric.Tpot, Metric.Itl, Metric.E2e }.Select(m => (m, "interactive")));
        foreach (var distribution in Whole.Distributions)
        {
            distribution.Points.Single(p => p.Share == 0.9).Ms.ShouldBe(
                Outcome.AtLoadLine!.Latencies[distribution.Metric].PercentileNs(90)!.Value / 1e6);
        }
    }

    static AccountOutcome Asked => Outcome with
    {
        Request = Outcome.Request with
        {
            Serving = Outcome.Request.Serving with
            {
                Levels = [LevelPromise.Of(ServiceLevelSpec.Default, [Promised])],
            },
        },
        BatchRun = null,
    };

    /// <summary>The report of an account whose load line is said to be there.</summary>
    static ReportModel Build(double line)
    {
        var interactive = Interactive with { LoadLine = new LoadLine(line, null, "ttft") };
        return ReportBuilder.Build(
            Asked with { Result = Result with { Classes = [interactive, Batch] } }, "plimsoll", "0");
    }

    /// <summary>TTFT of the engine at a share of its ceiling, milliseconds.</summary>
    static double BaseOf(double share) =>
        new LoadLineSearch(Outcome.Engine, Outcome.Request.Serving, Outcome.Size.Glance())
            .Measure(share * Outcome.Ceiling / Accelerators).Latencies.Ttft.PercentileNs(90)!.Value / 1e6;

    /// <summary>Where a straight line between two rates of the sweep meets a limit; 0 for nowhere.</summary>
    static double LineAt(double limitMs)
    {
        var broken = Points.ToList().FindIndex(p => p.MeasuredMs[0] > limitMs);
        if (broken <= 0)
            return broken < 0 ? Points[^1].RequestsPerSecond : 0;
        var (kept, over) = (Points[broken - 1], Points[broken]);
        var share = (limitMs - kept.MeasuredMs[0]!.Value)
            / (over.MeasuredMs[0]!.Value - kept.MeasuredMs[0]!.Value);
        return kept.RequestsPerSecond + (share * (over.RequestsPerSecond - kept.RequestsPerSecond));
    }

    static decimal? Cost(double line) => line <= 0 ? null : Math.Round(
        Interactive.Cost.UsdPerMillionTokens * ((int)Math.Ceiling((Rate * Peak / line) - 1e-9) + Spare)
            / Interactive.Fleet.Replicas, 12);
}
