using System;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Accounts;
using Plimsoll.Reports;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>
/// One small account worked through by hand: what every figure has to be, given the load lines and the runs.
/// Two engine ranks share a replica, so that a rate of a rank is never taken for one of a replica.
/// </summary>
public sealed class AccountLaws
{
    internal const decimal UsdPerHour = 2;
    internal const int Spare = 2;
    internal const int Accelerators = 2;
    internal const long WindowNs = 86_400_000_000_000;

    internal static readonly WorkloadFamily Chat = WorkloadFamily.Find("chat");

    static readonly Lazy<AccountOutcome> Shared = new(() => Accountant.Account(Request(WindowNs)));
    static readonly Lazy<ReportModel> SharedReport = new(() =>
        ReportBuilder.Build(Outcome, "plimsoll", "0", runs => _reportRuns = runs));

    static long _reportRuns;

    internal static AccountOutcome Outcome => Shared.Value;

    static ReportModel Report => SharedReport.Value;

    internal static AccountResult Result => Outcome.Result!;

    internal static ClassAccount Interactive => Result.Classes[0];

    internal static ClassAccount Batch => Result.Classes[1];

    internal static double Rate => Chat.RequestsPerSecond;

    internal static double Peak => Chat.WeeklyEnvelope.Max() / Chat.WeeklyEnvelope.Average();

    [Fact]
    public void A_fleet_is_what_the_busiest_hour_needs_and_the_spares_and_batch_has_neither()
    {
        Interactive.Fleet.Replicas.ShouldBe(
            (int)Math.Ceiling(Rate * Peak / Interactive.LoadLine.RequestsPerSecond) + Spare);
        Batch.Fleet.Replicas.ShouldBe((int)Math.Ceiling(Rate / Batch.LoadLine.RequestsPerSecond));
        Batch.LoadLine.RequestsPerSecond.ShouldBe(Outcome.Ceiling);
        Interactive.LoadLine.RequestsPerSecond.ShouldBe(Outcome.LoadLine);
        Interactive.LoadLine.RequestsPerSecond.ShouldBeLessThanOrEqualTo(Outcome.Ceiling);
        foreach (var c in Result.Classes)
        {
            c.Fleet.Accelerators.ShouldBe(Accelerators * c.Fleet.Replicas);
            c.Fleet.UsdPerHour.ShouldBe((double)(UsdPerHour * c.Fleet.Accelerators));
            c.Utilisation.ShouldBe(Rate / c.Fleet.Replicas / c.LoadLine.RequestsPerSecond, 1e-9);
        }
    }

    [Fact]
    public void The_bill_is_the_fleet_over_the_tokens_and_the_ratio_is_of_bills()
    {
        foreach (var c in Result.Classes)
        {
            var tokensPerHour = Rate * TokensPerRequest * 3600;
            ((double)c.Cost.UsdPerMillionTokens).ShouldBe(c.Fleet.UsdPerHour / tokensPerHour * 1e6, 1e-6);
            c.Waterfall.Sum(b => b.UsdPerMillionTokens).ShouldBe(c.Cost.UsdPerMillionTokens);
            c.Interval.Low.ShouldBeLessThanOrEqualTo(c.Cost.UsdPerMillionTokens);
            (c.Interval.High ?? decimal.MaxValue).ShouldBeGreaterThanOrEqualTo(c.Cost.UsdPerMillionTokens);
        }
        Result.InteractiveOverBatch!.Value.ShouldBe(
            (double)(Interactive.Cost.UsdPerMillionTokens / Batch.Cost.UsdPerMillionTokens), 1e-9);
    }

    [Fact]
    public void Levels_of_the_waterfall_are_the_cost_at_their_rates()
    {
        Level(Interactive, "memory").ShouldBe(Cost(Outcome.Ceiling), 1e-6);
        Level(Interactive, "bursts").ShouldBe(Cost(Interactive.LoadLine.RequestsPerSecond), 1e-6);
        Level(Interactive, "peaks").ShouldBe(Peak * Level(Interactive, "bursts"), 1e-6);
        Level(Interactive, "floor").ShouldBeLessThan(Level(Interactive, "kernels"));
        Level(Interactive, "kernels").ShouldBeLessThanOrEqualTo(Level(Interactive, "memory"));
        Level(Batch, "kernels").ShouldBe(Level(Interactive, "kernels"), 1e-9);
        foreach (var step in new[] { "promise", "bursts", "peaks" })
            Batch.Waterfall.Single(b => b.Step == step).UsdPerMillionTokens.ShouldBe(0);
    }

    [Fact]
    public void Ends_of_the_intervals_are_fleets_of_their_own()
    {
        foreach (var c in Result.Classes)
        {
            var (low, high) = (c.Bounds.Low, c.Bounds.High);
            low.LoadLineRequestsPerSecond.ShouldBeLessThan(c.LoadLine.RequestsPerSecond);
            high.LoadLineRequestsPerSecond.ShouldBeGreaterThan(c.LoadLine.RequestsPerSecond);
            low.Replicas!.Value.ShouldBeLessThanOrEqualTo(c.Fleet.Replicas);
            high.Replicas!.Value.ShouldBeGreaterThanOrEqualTo(c.Fleet.Replicas);
            low.Utilisation!.Value.ShouldBeLessThanOrEqualTo(c.Utilisation);
            high.Utilisation!.Value.ShouldBeGreaterThanOrEqualTo(c.Utilisation);
            low.UsdPerHour!.Value.ShouldBe((double)(UsdPerHour * Accelerators * low.Replicas.Value));
            high.UsdPerHour!.Value.ShouldBe((double)(UsdPerHour * Accelerators * high.Replicas.Value));
            var fleet = Rate * (c == Interactive ? Peak : 1) / high.LoadLineRequestsPerSecond;
            low.Replicas.Value.ShouldBe((int)Math.Ceiling(fleet - 1e-9) + (c == Interactive ? Spare : 0));
        }
    }

    [Fact]
    public void Latency_at_the_load_line_keeps_the_promise_and_batch_is_at_its_own_load()
    {
        Outcome.AtLoadLine!.Latencies.Ttft.PercentileNs(90)!.Value.ShouldBeLessThan(520_000_000);
        Interactive.Latency.TpotMs.P95!.Value.ShouldBeInRange(0.8 * 30, 1.05 * 30);
        Outcome.BatchRun!.OutputTokensPerSecond.ShouldBeGreaterThan(0);
        Batch.Latency.TpotMs.P50!.Value.ShouldBeGreaterThan(Interactive.Latency.TpotMs.P50!.Value * 0.5);
    }

    [Fact]
    public void The_ratio_is_of_fleets_and_of_load_lines_without_rounding()
    {
        var ratio = Result.Ratio!;
        var (line, ceiling) = (Interactive.LoadLine.RequestsPerSecond, Outcome.Ceiling);
        ratio.Value.ShouldBe((double)Interactive.Fleet.Replicas / Batch.Fleet.Replicas, 1e-9);
        ratio.WithoutRounding.ShouldBe(Peak * ceiling / line, 1e-9);
        ratio.Low.ShouldBeLessThanOrEqualTo(ratio.Value);
        ratio.High!.Value.ShouldBeGreaterThanOrEqualTo(ratio.Value);
        // The low end is at most that of fast steps, which is a fleet of its own over a fleet of its own.
        var fast = (Math.Ceiling(Rate * Peak / Interactive.Bounds.High.LoadLineRequestsPerSecond) + Spare)
            / Math.Ceiling(Rate / Batch.Bounds.High.LoadLineRequestsPerSecond);
        ratio.Low.ShouldBeLessThanOrEqualTo(fast + 1e-9);
        ratio.High.Value.ShouldBeGreaterThanOrEqualTo(fast - 1e-9);
        // A limit left out asks for no more replicas, and no fewer than full batches at the peak do.
        var least = (Math.Ceiling(Rate * Peak / ceiling) + Spare) / Batch.Fleet.Replicas;
        ratio.TtftAlone!.Value.ShouldBeInRange(least, ratio.Value);
        ratio.TpotAlone!.Value.ShouldBeInRange(least, ratio.Value);
        var (binds, free) = Interactive.LoadLine.BindingLimit.StartsWith("ttft")
            ? (ratio.TtftAlone.Value, ratio.TpotAlone.Value) : (ratio.TpotAlone.Value, ratio.TtftAlone.Value);
        free.ShouldBeLessThan(ratio.Value, "without the limit that binds");
        binds.ShouldBe(ratio.Value, 0.02 * ratio.Value, "the limit that binds, alone");
    }

    [Fact]
    public void The_floor_is_what_the_mean_request_takes_at_the_speed_of_light()
    {
        var mean = ModelLimits.FloorNsPerRequest(
            Outcome.Engine.Deployment, (int)Chat.MeanPromptTokens, 0, (int)Chat.MeanOutputTokens);
        // Attention grows with the square of a prompt: requests that differ take a little more than the mean.
        Level(Interactive, "floor").ShouldBeInRange(Cost(1e9 / mean), 1.1 * Cost(1e9 / mean));
    }

    [Fact]
    public void Runs_behind_the_figures_are_at_their_rates()
    {
        var batchRate = Math.Min(0.95 * Outcome.Ceiling, Rate / Batch.Fleet.Replicas) / Accelerators;
        var output = batchRate * Chat.MeanOutputTokens;
        Outcome.BatchRun!.OutputTokensPerSecond.ShouldBe(output, 0.25 * output);
        var atLine = Report.Interactivity.Single(p => p.RequestsPerSecond == Outcome.LoadLine);
        var perAccelerator = Outcome.LoadLine * Chat.MeanOutputTokens / Accelerators;
        atLine.TokensPerSecondAndAccelerator.ShouldBe(perAccelerator, 0.25 * perAccelerator);
        foreach (var c in Result.Classes)
        {
            ((double)c.Cost.UsdPerRequest).ShouldBe(
                (double)c.Cost.UsdPerMillionTokens * TokensPerRequest / 1e6,
                0.05 * (double)c.Cost.UsdPerRequest);
        }
    }

    [Fact]
    public void Public_prices_are_blended_by_the_tokens_that_were_served()
    {
        var statement = Result.Statement with { Model = "Llama-3.3-70B" };
        var prices = PublicPrices.Of(Outcome with { Result = Result with { Statement = statement } })!;
        var run = Outcome.AtLoadLine!;
        var input = (decimal)run.PromptTokens / (run.PromptTokens + run.OutputTokens);
        var blends = prices.Offers.Select(o => input * o.InputUsd + (1 - input) * o.OutputUsd).ToList();
        blends.ShouldBeInOrder();
        var middle = (blends[(blends.Count - 1) / 2] + blends[blends.Count / 2]) / 2;
        ((double)prices.MedianUsdPerMillionTokens).ShouldBe((double)middle, 1e-9);
        ((double)prices.CheapestUsdPerMillionTokens).ShouldBe((double)blends.Min(), 1e-9);
        ((double)prices.DearestUsdPerMillionTokens).ShouldBe((double)blends.Max(), 1e-9);
        // At that price of an accelerator-hour the interactive bill is the median.
        (Interactive.Cost.UsdPerMillionTokens * prices.BreakEvenUsdPerGpuHour / UsdPerHour)
            .ShouldBe(prices.MedianUsdPerMillionTokens, 1e-9m);
        PublicPrices.Of(Outcome).ShouldBeNull();
    }

    [Fact]
    public void Levers_are_what_they_say()
    {
        var bill = Interactive.Cost.UsdPerMillionTokens;
        var backfill = Outcome.Credits.Single(c => c.Name == "batch backfill");
        var busy = Rate / Interactive.Fleet.Replicas / Batch.LoadLine.RequestsPerSecond;
        var worth =
            Math.Min(1, Cost(Batch.LoadLine.RequestsPerSecond) / (double)Batch.Cost.UsdPerMillionTokens);
        ((double)backfill.UsdPerMillionTokens).ShouldBe(-(double)bill * (1 - busy) * worth, 1e-6);

        var line = Interactive.LoadLine.RequestsPerSecond;
        var following = Chat.WeeklyEnvelope.Average(h => Math.Max(1, Math.Ceiling(Rate * h / line)) + Spare);
        var autoscaling = Outcome.Credits.Single(c => c.Name == "autoscaling");
        ((double)autoscaling.UsdPerMillionTokens).ShouldBe(
            (double)bill * (following / Interactive.Fleet.Replicas - 1), 1e-6);
        Outcome.Credits.Single(c => c.Name == "quantisation").UsdPerMillionTokens.ShouldBeInRange(-bill, 0);
    }

    [Fact]
    public void The_report_draws_the_account_it_was_given()
    {
        Report.PromisedInteractivity!.Value.ShouldBe(1000 / 30.0, 1e-9);
        _reportRuns.ShouldBe(ReportBuilder.Runs);
        Report.Interactivity.ShouldContain(p => p.RequestsPerSecond == Outcome.LoadLine);
        Report.Interactivity[0].TokensPerSecondAndUser.ShouldBeGreaterThan(
            Report.Interactivity[^1].TokensPerSecondAndUser);
        var capacity = Interactive.Fleet.Replicas * Interactive.LoadLine.RequestsPerSecond;
        Report.Week!.Shares.ShouldBe(Chat.WeeklyEnvelope.Select(h => Rate * h / capacity));
        Report.Week.Flat.ShouldBeFalse();
        foreach (var point in Report.LoadSweeps[0].Points)
        {
            var kept = point.MeasuredMs[0] <= 500 && point.MeasuredMs[1] <= 30;
            point.Holds.ShouldBe(kept, $"{point.RequestsPerSecond:0.00}/s");
        }
        foreach (var d in Report.Distributions)
        {
            d.Points.Select(p => p.Share).ShouldBeInOrder();
            d.Points.ShouldAllBe(p => p.Share > 0 && p.Share < 1);
            d.Points.Select(p => p.Ms).ShouldBeInOrder();
        }
    }

    [Fact]
    public void Points_of_the_cost_curve_are_fleets_at_their_load_lines()
    {
        foreach (var curve in Report.CostCurves)
        {
            curve.PromisedMs.ShouldBe(curve.Metric == Metric.Ttft ? 500 : 30);
            var kept = curve.Points.Where(p => p.LoadLine is not null).ToList();
            kept.ShouldNotBeEmpty();
            foreach (var point in kept)
            {
                var replicas = (int)Math.Ceiling(Rate * Peak / point.LoadLine!.Value - 1e-9) + Spare;
                ((double)point.UsdPerMillionTokens!.Value).ShouldBe(
                    (double)Interactive.Cost.UsdPerMillionTokens * replicas / Interactive.Fleet.Replicas,
                    1e-6);
            }
            kept.Select(p => p.LoadLine!.Value).ShouldBeInOrder();
            kept.Single(p => p.LimitMs == curve.PromisedMs).UsdPerMillionTokens!.Value
                .ShouldBeLessThanOrEqualTo(Interactive.Cost.UsdPerMillionTokens);
        }
    }

    [Fact]
    public void The_cost_curve_passes_through_the_bill_and_lies_in_its_band()
    {
        // One of the two limits binds at the load line, so one of the curves passes through it.
        var promised = Report.CostCurves
            .Select(c => c.Points.Single(p => p.LimitMs == c.PromisedMs)).ToList();
        promised.Min(p => p.LoadLine!.Value).ShouldBe(Outcome.LoadLine, 0.03 * Outcome.LoadLine);
        foreach (var curve in Report.CostCurves)
        {
            curve.Percentile.ShouldBe(curve.Metric == Metric.Ttft ? 90 : 95);
            curve.Points.Select(p => p.LimitMs).ShouldBeInOrder();
            foreach (var point in curve.Points.Where(p => p.UsdPerMillionTokens is not null))
            {
                var usd = point.UsdPerMillionTokens!.Value;
                point.Low!.Value.ShouldBeLessThanOrEqualTo(usd);
                (point.High ?? decimal.MaxValue).ShouldBeGreaterThanOrEqualTo(usd);
            }
        }
    }

    [Fact]
    public void The_sweep_is_shown_to_the_first_rate_well_beyond_the_line_that_breaks_the_promise()
    {
        var sweep = Report.LoadSweeps.Single();
        sweep.Points.Select(p => p.RequestsPerSecond).ShouldBeInOrder();
        sweep.LoadLineRequestsPerSecond.ShouldBe(Outcome.LoadLine);
        sweep.LowRequestsPerSecond.ShouldBe(Interactive.Bounds.Low.LoadLineRequestsPerSecond);
        sweep.HighRequestsPerSecond.ShouldBe(Interactive.Bounds.High.LoadLineRequestsPerSecond);
        var beyond = sweep.Points
            .Where(p => !p.Holds && p.RequestsPerSecond > 1.2 * Outcome.LoadLine).ToList();
        if (beyond.Count > 0)
            beyond.ShouldBe([sweep.Points[^1]]);
    }

    [Fact]
    public void The_report_names_its_parameters_and_changes_its_hash_with_them()
    {
        Parameter("parameters").ShouldBe("8.03");
        Parameter("tp × pp × dp, ep").ShouldBe("1 × 1 × 2, 1");
        Parameter("promise").ShouldBe("ttft p90 500ms, tpot p95 30ms");
        Parameter("busiest hour").ShouldBe(Peak.ToString("0.####", CultureInfo.InvariantCulture));
        Parameter("spare replicas").ShouldBe("2");
        Parameter("batch window").ShouldBe("24");
        Report.InputHash.Length.ShouldBe(16);
        Report.DataAsOf.ShouldBe("undated");
        Report.Demand.ShouldContain(string.Create(CultureInfo.InvariantCulture, $"{Peak:0.00} times that"));
        Report.Distributions.Select(d => (d.Metric, d.Class)).ShouldBe(
            new[] { Metric.Ttft, Metric.Tpot, Metric.Itl, Metric.E2e }
                .SelectMany(m => new[] { (m, "interactive"), (m, "batch") }));

        string Parameter(string name) => Report.Parameters.Single(p => p.Name == name).Value;
    }

    [Fact]
    public void Promises_levers_and_the_split_of_the_bill_are_as_asked()
    {
        Interactive.Promise.Select(p => (p.Metric, p.Percentile, p.LimitMs, p.Level))
            .ShouldBe([("ttft", 90, 500, null), ("tpot", 95, 30, null)]);
        Batch.Promise.Single().ShouldBe(new PromiseStatement("window", 100, WindowNs / 1e6));
        Outcome.Credits.Select(c => c.Name).ShouldBe(["batch backfill", "autoscaling", "quantisation"]);
        foreach (var credit in Outcome.Credits)
        {
            (credit.Interval!.Low ?? decimal.MinValue).ShouldBeLessThanOrEqualTo(credit.UsdPerMillionTokens);
            (credit.Interval.High ?? decimal.MaxValue)
                .ShouldBeGreaterThanOrEqualTo(credit.UsdPerMillionTokens);
        }
        foreach (var c in Result.Classes)
        {
            c.Cost.UsdPerMillionCachedInputTokens.ShouldBeNull("nothing is cached");
            ((double)c.WithoutIdle.IdleUsdPerMillionTokens).ShouldBe(
                (double)c.Cost.UsdPerMillionTokens - Cost(Outcome.Ceiling), 1e-6);
            c.Tier.ShouldBe("datasheet");
        }
        // Output in a full batch costs less than where few decode.
        Interactive.WithoutIdle.UsdPerMillionOutputTokens
            .ShouldBeLessThan(Interactive.Cost.UsdPerMillionOutputTokens);
        Interactive.LoadLine.BindingLimit.ShouldBeOneOf("ttft p90 500ms", "tpot p95 30ms");
        Batch.LoadLine.ShouldBe(new LoadLine(Outcome.Ceiling, null, "throughput"));
    }

    internal static double TokensPerRequest
    {
        get
        {
            // From the bill of batch, which is checked against interactive's: one number for both.
            var level = (double)Batch.Waterfall.Take(3).Sum(b => b.UsdPerMillionTokens);
            var tokens = (double)UsdPerHour * Accelerators * 1e6 / (level * Outcome.Ceiling * 3600);
            tokens.ShouldBe(Chat.MeanPromptTokens + Chat.MeanOutputTokens, 0.1 * tokens);
            return tokens;
        }
    }

    internal static double Cost(double requestsPerSecond) =>
        (double)UsdPerHour * Accelerators * 1e6 / (requestsPerSecond * TokensPerRequest * 3600);

    /// <summary>The sum of the bars up to and with one.</summary>
    static double Level(ClassAccount account, string step) => (double)account.Waterfall
        .Take(1 + account.Waterfall.ToList().FindIndex(b => b.Step == step)).Sum(b => b.UsdPerMillionTokens);

    internal static AccountRequest Request(long windowNs) => new()
    {
        Serving = TestServings.Of(
            TestDeployments.Small with
            {
                DataParallel = Accelerators,
                Accelerator = TestDeployments.Small.Accelerator with { Fp8Tflops = 2000 },
            },
            Chat, 2000, new Limit(Metric.Ttft, 90, 500_000_000), new Limit(Metric.Tpot, 95, 30_000_000)),
        BatchWindowNs = windowNs,
        SpareReplicas = Spare,
        Price = new PriceSpec
        {
            Accelerator = "round",
            ProviderType = "owned",
            Provider = "test",
            Term = "on-demand",
            UsdPerHour = UsdPerHour,
            AsOf = null,
            Confidence = "given",
            Source = "test",
        },
    };
}
