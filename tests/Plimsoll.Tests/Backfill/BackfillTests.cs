using System;
using System.Linq;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Simulation;
using Plimsoll.Reports;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Backfill;

/// <summary>The bill of batch work in the idle time of an interactive fleet.</summary>
public sealed class BackfillTests
{
    static readonly Lazy<(BackfillRequest Request, BackfillStatement Bill)> Small = new(() =>
    {
        var request = Request();
        return (request, Backfills.Of(request));
    });

    internal static BackfillRequest Request()
    {
        var choice = new DeploymentChoice
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            Weights = Core.Models.NumberFormat.Bf16,
            Kv = Core.Models.NumberFormat.Bf16,
            Engine = new EngineSettings(),
        };
        return new BackfillRequest
        {
            Serving = new Serving
            {
                Deployment = choice,
                Workload = WorkloadFamily.Find("chat"),
                RequestsPerSecond = 12,
                Levels =
                [
                    LevelPromise.Of(
                        ServiceLevelSpec.Default,
                        [
                            new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Tpot, 95, 50_000_000),
                        ]),
                ],
            },
            Engine = SimulatedEngine.Of(choice.With(), SchedulingPolicy.VllmV1),
            Replicas = 2,
            Ceiling = 30,
            UsdPerReplicaHour = 3,
            TokensPerRequest = 1300,
            Batch = WorkloadFamily.Find("summarisation"),
            WindowNs = 86_400_000_000_000,
        };
    }

    [Fact]
    public void Every_rule_charges_the_whole_fleet()
    {
        var (request, statement) = Small.Value;
        var week = 168 * 3600.0;
        var interactive = request.Serving.RequestsPerSecond * request.TokensPerRequest * week / 1e6;
        var batch = statement.Policies[0].TokensPerSecond * week / 1e6;
        foreach (var rule in statement.Bill.Rules)
        {
            var charged = (double)rule.InteractiveUsdPerMillionTokens * interactive
                + (double)rule.BatchUsdPerMillionTokens * batch + (double)rule.IdleUsdPerWeek;
            charged.ShouldBe(request.Replicas * 3 * 168, tolerance: 1e-3);
        }
        statement.Bill.Rules.Select(r => r.InteractiveUsdPerMillionTokens)
            .ShouldAllBe(usd => usd < statement.Bill.InteractiveAlone);
    }

    [Fact]
    public void No_policy_does_more_than_fits_and_slack_does_most()
    {
        var statement = Small.Value.Bill;
        statement.Loss.Efficiency!.Value.ShouldBeInRange(0.5, 1);
        statement.Policies[0].Name.ShouldBe("slack");
        statement.Policies[0].HoursKept.ShouldBe(1);
        statement.Policies.ShouldAllBe(p => p.LinesPerSecond <= statement.Policies[0].LinesPerSecond);
        statement.Bill.SavedUsdPerWeek.ShouldBe(statement.Policies[0].UsdPerWeek);
        // Four streams of some minutes each differ, and by little.
        (statement.Bill.SavedLow / statement.Bill.SavedUsdPerWeek).ShouldBeInRange(0.8m, 0.999m);
    }

    /// <summary>
    /// Without a promise on gaps as little fits as with one, and a fleet for the lines alone is the same
    /// whatever policy the interactive fleet has.
    /// </summary>
    [Fact]
    public void Neither_a_promise_without_gaps_nor_the_fleets_policy_changes_what_a_line_is_worth()
    {
        var request = Request();
        var statement = Backfills.Of(request with
        {
            Serving = request.Serving with { Levels = [LevelPromise.Parse("default: ttft p95 500ms")] },
            Engine = SimulatedEngine.Of(request.Engine.StepTime, SchedulingPolicy.Fcfs),
        });
        statement.Loss.Efficiency!.Value.ShouldBeInRange(0.5, 1);
        var (one, other) = (statement.Policies[0], Small.Value.Bill.Policies[0]);
        ((double)one.UsdPerWeek / one.LinesPerSecond)
            .ShouldBe((double)other.UsdPerWeek / other.LinesPerSecond, 0.01);
    }

    [Fact]
    public void A_tighter_promise_keeps_batch_work_out()
    {
        var points = Small.Value.Bill.PriceOfPromise;
        points[0].TokensPerSecond.ShouldBeLessThan(points[^1].TokensPerSecond);
        points.ShouldAllBe(p => p.Low <= p.TokensPerSecond && p.TokensPerSecond <= p.High);
        var bill = Small.Value.Bill;
        bill.TokensPerHourAndMs!.Value
            .ShouldBeInRange(bill.TokensPerHourAndMsLow!.Value, bill.TokensPerHourAndMsHigh!.Value);
    }

    /// <summary>A difference whose interval has a zero in it is not printed as an amount.</summary>
    [Theory]
    [InlineData(-28_371, -90_000, 30_000, "cannot be told from 0: -90,000 to 30,000 batch tokens an hour")]
    [InlineData(28_371, 20_371, 36_371, "tighter forgoes 28,400 (20,400–36,400) batch tokens")]
    [InlineData(-28_371, -36_371, -20_371, "millisecond does 28,400 (20,400–36,400) batch tokens an hour")]
    public void A_price_is_said_as_well_as_it_is_known(double mean, double low, double high, string words) =>
        BackfillWords.Promise(Small.Value.Bill with
        {
            TokensPerHourAndMs = mean, TokensPerHourAndMsLow = low, TokensPerHourAndMsHigh = high,
        })!.ShouldContain(words);

    [Fact]
    public void What_the_promise_keeps_out_is_nothing_when_its_interval_has_a_zero_in_it() =>
        BackfillWords.Promise(Small.Value.Bill with
        {
            OpportunityUsdPerMillionTokens = -0.01m, OpportunityLow = -0.03m, OpportunityHigh = 0.01m,
        })!.ShouldContain("cannot be told from nothing: it would earn at most $0.0100");

    [Fact]
    public void A_percentile_of_too_few_samples_is_not_kept()
    {
        var run = Request().Engine.Run(
            Request().Serving.Workload, 1,
            new SimulationOptions { Requests = 300, Seed = 1, Levels = Request().Serving.Levels },
            ArrivalProcess.Representative);
        BackfillPoint.Keeps([LevelPromise.Parse("default: ttft p95 10s")], run).ShouldBe(true);
        BackfillPoint.Keeps([LevelPromise.Parse("default: ttft p99.9 10s")], run).ShouldBeNull();
        BackfillPoint.Keeps([LevelPromise.Parse("default: ttft p99.9 10s, tpot p95 1ms")], run)
            .ShouldBe(false);
    }

    /// <summary>A quiet hour whose promise breaks counts as broken, whatever busier hours do.</summary>
    [Fact]
    public void Hours_between_two_rates_ride_when_both_keep_the_promise()
    {
        BackfillPoint Point(double rate, bool holds) => new(rate, holds, [1], 0, 0, 1, 0);
        double Kept(params double[] hours) => new BackfillWeek(
            [Point(1, true), Point(2, false), Point(3, true), Point(4, true), Point(5, false)], hours)
            .HoursKept;
        Kept(1).ShouldBe(1);
        Kept(3.5).ShouldBe(1);
        Kept(4).ShouldBe(1);
        Kept(1.5, 2, 2.5, 4.5, 5).ShouldBe(0);
        Kept(1, 2, 3, 4).ShouldBe(0.75);
    }

    /// <summary>Requests bound what fits beside them by the gap of their own level.</summary>
    [Fact]
    public void A_bound_takes_each_request_by_its_own_level()
    {
        var engine = Request().Engine;
        double Bound(params string[] levels) => BackfillBound.LinesPerSecond(
            engine, Request().Serving.Workload, 6, new SimulationOptions
            {
                Requests = 500, Seed = 1, Levels = [.. levels.Select(LevelPromise.Parse)],
                BatchWorkload = Request().Batch,
            });
        var (tight, loose) = (Bound("a: itl p99 20ms"), Bound("b: itl p99 60ms"));
        tight.ShouldBeLessThan(loose);
        Bound("a: itl p99 20ms", "b: itl p99 60ms").ShouldBe(tight);
        Bound("b: itl p99 60ms", "a: itl p99 20ms").ShouldBe(loose);
    }

    [Fact]
    public void More_than_the_bound_is_said_to_be_more() =>
        BackfillWords.Room(Small.Value.Bill.Loss with { Efficiency = 1.034 })
            .ShouldContain("103.4 % of what was to fit at most, which is then no bound");

    /// <summary>No step of this engine ends within 5 ms, with batch work or without.</summary>
    [Fact]
    public void A_promise_that_is_not_kept_has_no_batch_work_beside_it()
    {
        var lines = new BackfillRuns(Request()).Under(
            rate: 4,
            [[LevelPromise.Parse("default: itl p99 5ms")], [LevelPromise.Parse("default: itl p99 1s")]]);
        lines[0].ShouldBeNull();
        lines[1]!.Count.ShouldBe(BackfillRuns.Streams);
        lines[1]!.Average().ShouldBeGreaterThan(1);
    }

    /// <summary>
    /// A few lines a second leave the busiest hour almost as it is alone, which a backlog does not.
    /// </summary>
    [Fact]
    public void Lines_that_come_at_a_rate_are_simulated_at_that_rate()
    {
        const double Lines = 2;
        var backlog = Small.Value.Bill;
        var statement = Backfills.Of(Request() with { BatchLinesPerSecond = Lines });
        var (chat, batch) = (statement.BusiestHour[0], statement.BusiestHour[^1]);
        statement.BusiestHourNote.ShouldBeNull();
        var line = backlog.Policies[0].TokensPerSecond / backlog.Policies[0].LinesPerSecond;
        batch.TokensPerSecond.ShouldBe(Lines * line, 0.15 * Lines * line);
        var (alone, beside) = (chat.TtftAloneMs!.P95!.Value, backlog.BusiestHour[0].TtftMs.P95!.Value);
        chat.TtftMs.P95!.Value.ShouldBeInRange(alone, (alone + beside) / 2);
        chat.TpotMs.P95!.Value.ShouldBeLessThan(backlog.BusiestHour[0].TpotMs.P95!.Value);

        // Whatever comes, all of the time is somebody's or nobody's.
        statement.Week.ShouldAllBe(hour => hour.Batch > 0 && hour.Interactive + hour.Batch <= 1 + 1e-9);
        statement.Week.Average(h => h.Batch).ShouldBeLessThan(0.5 * backlog.Week.Average(h => h.Batch));

        // All that comes is done at any of these gaps: none forgoes anything.
        (statement.TokensPerHourAndMsLow, statement.TokensPerHourAndMsHigh).ShouldBe((0, 0));
        statement.OpportunityUsdPerMillionTokens.ShouldBe(0);
        BackfillWords.Promise(statement)!.ShouldStartWith("A gap a millisecond tighter forgoes no batch");
    }

    [Fact]
    public void A_window_shorter_than_a_line_is_refused() =>
        Should.Throw<BadInputException>(() => Backfills.Of(Request() with { WindowNs = 1_000_000_000 }))
            .Message.ShouldContain("with the engine to itself");

    [Fact]
    public void The_same_request_gives_the_same_bill() =>
        Backfills.Of(Request()).Bill.SavedUsdPerWeek.ShouldBe(Small.Value.Bill.Bill.SavedUsdPerWeek);

    /// <summary>A job of a window is what the worst such window of the week does, hour by hour.</summary>
    [Fact]
    public void The_worst_window_is_found() => Gen.Select(Gen.Double[0, 10].Array[2, 168], Gen.Int[1, 400])
        .Sample((hours, window) =>
        {
            // Rates that are the hours' numbers themselves, so that the sweep's line reads each hour back.
            var sweep = new[] { 0.0, 10.0 }
                .Select(r => new BackfillPoint(r, true, [r], 0, 0, 1, 0)).ToList();
            var week = new BackfillWeek(sweep, hours);
            var least = Enumerable.Range(0, hours.Length).Min(first =>
                Enumerable.Range(first, window).Sum(h => hours[h % hours.Length]));
            week.LinesWithin(window).ShouldBe(3600 * least, 1e-6 * (1 + 3600 * least));
        });
}
