using System;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

/// <summary>
/// The intervals of the small account of <see cref="AccountLaws"/>, worked out again draw by draw: of 64
/// draws three lie beyond each end.
/// </summary>
public sealed class DrawnFigureTests
{
    static readonly int[] Draws = [.. Enumerable.Range(0, DrawnLines.Count)];

    static double Bill => (double)Interactive.Cost.UsdPerMillionTokens;

    static DrawnLine Of(int draw) => Outcome.Drawn!.Draws[draw];

    /// <summary>What a replica carries in a draw, and how many are paid for.</summary>
    static double Line(int draw) => Accelerators * Of(draw).LoadLine;

    static double Ceiling(int draw) => Accelerators * Of(draw).Ceiling;

    static double Fleet(int draw) => Fleet(Line(draw));

    static double Fleet(double line) => Math.Ceiling((Rate * Peak / line) - 1e-9) + Spare;

    [Fact]
    public void Load_lines_fleets_and_use_of_a_class_are_those_of_its_draws()
    {
        var (low, high) = Ends(Interactive.LoadLine.RequestsPerSecond, Line);
        Interactive.Bounds.Low.LoadLineRequestsPerSecond.ShouldBe(low, 1e-9);
        Interactive.Bounds.High.LoadLineRequestsPerSecond.ShouldBe(high, 1e-9);
        (low, high) = Ends(Interactive.Fleet.Replicas, Fleet);
        Interactive.Bounds.Low.Replicas.ShouldBe((int)low);
        Interactive.Bounds.High.Replicas.ShouldBe((int)high);
        (low, high) = Ends(Interactive.Utilisation, draw => Rate / (Fleet(draw) * Line(draw)));
        Interactive.Bounds.Low.Utilisation!.Value.ShouldBe(low, 1e-9);
        Interactive.Bounds.High.Utilisation!.Value.ShouldBe(high, 1e-9);
        (low, high) = Ends(Batch.LoadLine.RequestsPerSecond, Ceiling);
        Batch.Bounds.Low.LoadLineRequestsPerSecond.ShouldBe(low, 1e-9);
        Batch.Bounds.High.LoadLineRequestsPerSecond.ShouldBe(high, 1e-9);
    }

    [Fact]
    public void The_ratio_of_a_draw_is_of_its_own_two_fleets()
    {
        var ratio = Result.Ratio;
        var (low, high) = Ends(ratio.Value, draw => Fleet(draw) / Math.Ceiling(Rate / Ceiling(draw)));
        ratio.Low.ShouldBe(low, 1e-9);
        ratio.High!.Value.ShouldBe(high, 1e-9);
        ratio.TtftAlone!.Value.ShouldBe(Alone(Metric.Ttft), 1e-9);
        ratio.TpotAlone!.Value.ShouldBe(Alone(Metric.Tpot), 1e-9);

        double Alone(Metric metric)
        {
            var level = Outcome.Request.Serving.Levels.Single();
            var gain = Outcome.Drawn!.Gain(
                [LevelPromise.Of(level.Spec, [.. level.Limits.Where(l => l.Metric == metric)])]);
            var line = Math.Min(Outcome.Ceiling, Math.Max(1, gain) * Outcome.LoadLine);
            return Fleet(line) / Batch.Fleet.Replicas;
        }
    }

    [Fact]
    public void What_a_lever_changes_is_told_draw_by_draw()
    {
        var bills = DrawnFleets.Bills(
            Outcome.Request, Outcome.Engine, Basis(Accelerators), Outcome.Drawn!);
        bills.ShouldBe(Draws.Select(draw => Bill * Fleet(draw) / Interactive.Fleet.Replicas), 1e-9);

        Holds("autoscaling", draw =>
            bills[draw] * ((Following(Line(draw)) / Fleet(draw)) - 1));
        Holds("batch backfill", draw => -bills[draw]
            * (1 - (Rate / Fleet(draw) / Ceiling(draw)))
            * Math.Min(1, Rate / Math.Ceiling(Rate / Ceiling(draw)) / Ceiling(draw)));

        double Following(double line) =>
            Chat.WeeklyEnvelope.Average(h => Math.Max(1, Math.Ceiling((Rate * h / line) - 1e-9)) + Spare);

        void Holds(string name, Func<int, double> change)
        {
            var credit = Outcome.Credits.Single(c => c.Name == name);
            var (low, high) = Ends((double)credit.UsdPerMillionTokens, change);
            ((double)credit.Interval!.Low!.Value).ShouldBe(low, 1e-6, name);
            ((double)credit.Interval.High!.Value).ShouldBe(high, 1e-6, name);
        }
    }

    [Fact]
    public void Levers_say_how_much_of_the_fleet_they_speak_of()
    {
        var busy = Rate / Interactive.Fleet.Replicas / Batch.LoadLine.RequestsPerSecond;
        Outcome.Credits.Single(c => c.Name == "batch backfill").Explanation.ShouldContain(string.Create(
            CultureInfo.InvariantCulture, $"at full-batch speed {100 * (1 - busy):0} % of the fleet's time"));
        Outcome.Credits.Single(c => c.Name == "autoscaling").Explanation
            .ShouldContain($"on average instead of {Interactive.Fleet.Replicas},");
    }

    /// <summary>Weights of half the bytes are a deployment of their own, with a fleet of its own.</summary>
    [Fact]
    public void Another_deployment_costs_its_own_fleet_less_this_one()
    {
        var asked = Outcome.Request;
        var narrow = Alternative.Of(
            asked with
            {
                Serving = asked.Serving with
                {
                    Deployment = asked.Serving.Deployment with { Weights = NumberFormat.Fp8 },
                },
            },
            TokensPerRequest, new RunProgress(null, 1))!;
        narrow.Replicas.ShouldBeInRange(1 + Spare, Interactive.Fleet.Replicas);
        ((double)narrow.Bill.Usd).ShouldBe(Bill * narrow.Replicas / Interactive.Fleet.Replicas, 1e-6);
        foreach (var bill in narrow.Bills)
        {
            var replicas = bill / Bill * Interactive.Fleet.Replicas;
            replicas.ShouldBe(Math.Round(replicas), 1e-6, "whole replicas");
            replicas.ShouldBeGreaterThan(Spare + 0.5);
        }
        var credit = Outcome.Credits.Single(c => c.Name == "quantisation");
        credit.Explanation.ShouldStartWith(
            $"fp8 weights instead of bf16: {narrow.Replicas} × {Accelerators} round");
        ((double)credit.UsdPerMillionTokens).ShouldBe((double)narrow.Bill.Usd - Bill, 1e-6);
        var (low, high) = Ends((double)credit.UsdPerMillionTokens, draw =>
            narrow.Bills[draw] - (Bill * Fleet(draw) / Interactive.Fleet.Replicas));
        ((double)credit.Interval!.Low!.Value).ShouldBe(low, 1e-6);
        ((double)credit.Interval.High!.Value).ShouldBe(high, 1e-6);
    }

    [Fact]
    public void Latencies_of_batch_work_are_told_at_the_load_of_each_draws_own_fleet()
    {
        var engine = Outcome.Engine;
        var full = Outcome.Ceiling / Accelerators;
        var curve = RateCurve.Of(
            new LoadLineSearch(engine, Outcome.Request.Serving, Outcome.Size.Glance()),
            new[] { 0.2, 0.4, 0.6, 0.75, 0.85, 0.95 }.Select(load => load * full), ArrivalProcess.Poisson);
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot })
        {
            var own = Outcome.BatchRun!.Latencies[metric].Summarise().P50!.Value;
            var (low, high) = Ends(own, draw => P50(draw, metric));
            var (lowEnd, highEnd) = (Batch.Bounds.Low.Latency, Batch.Bounds.High.Latency);
            (metric == Metric.Ttft ? lowEnd.TtftMs : lowEnd.TpotMs).P50!.Value.ShouldBe(low, 1e-9);
            (metric == Metric.Ttft ? highEnd.TtftMs : highEnd.TpotMs).P50!.Value.ShouldBe(high, 1e-9);
        }

        double P50(int draw, Metric metric)
        {
            var of = Of(draw);
            var load = Math.Min(
                0.95 * of.Ceiling, Rate / Math.Ceiling(Rate / Ceiling(draw)) / Accelerators);
            return DrawnLines.Latency(curve, load * of.Full.All, of.Full, of.Draw, metric).P50!.Value;
        }
    }

    internal static CostBasis Basis(int accelerators) => new(UsdPerHour * accelerators, TokensPerRequest);

    static (double Low, double High) Ends(double estimate, Func<int, double> draw)
    {
        var sorted = Draws.Select(draw).Order().ToList();
        return (Math.Min(estimate, sorted[3]), Math.Max(estimate, sorted[^4]));
    }
}
