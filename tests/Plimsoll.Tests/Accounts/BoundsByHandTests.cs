using System;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>
/// The figures of a class from load lines given by hand: 60 requests a second of 500 tokens, a replica of two
/// ranks for $4 an hour, so that a million tokens cost $20/9 over what a replica carries in a second.
/// </summary>
public sealed class BoundsByHandTests
{
    const double Usd = 20 / 9.0;
    const double Rate = 60;

    static readonly CostBasis Basis = new(4, 500);

    static AccountRequest Request { get; } = AccountLaws.Request(AccountLaws.WindowNs) with
    {
        Serving = AccountLaws.Outcome.Request.Serving with { RequestsPerSecond = Rate },
    };

    static SimulationResult Run => AccountLaws.Outcome.AtLoadLine!;

    /// <summary>Nine tenths of twenty draws leave out one at each end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Each_figure_lies_between_its_own_quantiles_of_the_draws(int hopeless)
    {
        double[] lines = [.. Enumerable.Repeat(0.0, hopeless),
            .. Enumerable.Range(10, 20 - hopeless).Select(l => (double)l)];
        var bounds = new BoundsOfClass(Request, 3, Basis, line => line < 12 ? 7 : 4).Of(
            15, lines, _ => Summary(95), (draw, _) => Summary(10 * draw), Run);
        bounds.Low.LoadLineRequestsPerSecond.ShouldBe(hopeless == 1 ? 10 : 0);
        bounds.High.LoadLineRequestsPerSecond.ShouldBe(hopeless == 1 ? 27 : 26);
        bounds.Low.Replicas.ShouldBe(4);
        bounds.Low.UsdPerHour.ShouldBe(4 * 3 * 2);
        ((double)bounds.Low.Cost!.UsdPerMillionTokens).ShouldBe(Usd / (Rate / 4), 1e-9);
        bounds.Low.Latency.E2eMs.ShouldBe(Summary(10));
        bounds.High.Latency.TpotMs.ShouldBe(Summary(180));
        if (hopeless == 2)
        {
            // In more than a twentieth of the draws no fleet keeps the promise.
            bounds.High.ShouldBe(
                new(26, null, null, null, null, bounds.High.Latency));
            return;
        }
        // Draws without a fleet have no utilisation; of the nineteen others none is left out.
        bounds.Low.Utilisation!.Value.ShouldBe(Rate / (4 * 28), 1e-12);
        bounds.High.Utilisation!.Value.ShouldBe(Rate / (4 * 12), 1e-12);
        bounds.High.Replicas.ShouldBe(7);
        bounds.High.UsdPerHour.ShouldBe(7 * 3 * 2);
        ((double)bounds.High.Cost!.UsdPerMillionTokens).ShouldBe(Usd / (Rate / 7), 1e-9);
    }

    [Fact]
    public void An_interactive_replica_carries_what_its_ranks_do()
    {
        var line = new LoadLineResult([6, 10], null, 0);
        var account = new InteractiveClass(Request, AccountLaws.Outcome.Engine, Basis, new(100, 50, 40))
            .Account(new LoadLineResult([8, 12], null, 0), line, AccountLaws.Outcome.Drawn!, Run, Run);
        // Two streams of 6 and 10 lie two off their mean, which is the standard error of a rank.
        account.LoadLine.ShouldBe(new(16, 4, "throughput"));
        var replicas = (int)Math.Ceiling(Rate * AccountLaws.Peak / 16) + AccountLaws.Spare;
        account.Fleet.ShouldBe(new(replicas, 2 * replicas, 4 * replicas));
        account.Utilisation.ShouldBe(Rate / replicas / 16, 1e-12);
        double[] rates = [100, 50, 40, 20, 16, 16 / AccountLaws.Peak, Rate / replicas];
        var level = 0.0;
        foreach (var (bar, rate) in account.Waterfall.Zip(rates))
            (level += (double)bar.UsdPerMillionTokens).ShouldBe(Usd / rate, 1e-9, bar.Step);
        ((double)account.WithoutIdle.IdleUsdPerMillionTokens)
            .ShouldBe((Usd / rates[^1]) - (Usd / 40), 1e-9);
        account.Promise.Select(p => p.LimitMs).ShouldBe([500, 30]);
    }

    [Fact]
    public void Batch_work_runs_at_its_part_of_the_fleet_and_never_quite_full()
    {
        var batch = new BatchClass(Request, AccountLaws.Outcome.Engine, Basis, new(100, 50, 40));
        batch.Rate(replicas: 2, ceiling: 20).ShouldBe(Rate / 2 / 2);
        batch.Rate(replicas: 1, ceiling: 20).ShouldBe(0.95 * 20);
    }

    /// <summary>A full batch that turns over in 128 s fits a window of 128 s, and none of 127.</summary>
    [Fact]
    public void A_window_as_long_as_a_full_batch_takes_is_enough()
    {
        var engine = AccountLaws.Outcome.Engine;
        var full = new SaturatedThroughput(engine.Limits.MaxNumSeqs / 128.0, Run);
        var size = AccountLaws.Outcome.Size.Glance() with { Requests = 200, SmoothRequests = 200 };
        var curve = RateCurve.Of(new LoadLineSearch(engine, Request.Serving, size), [1.0]);
        Account(128).Fleet.ShouldBe(new(2, 4, 8));
        Should.Throw<Plimsoll.Core.BadInputException>(() => Account(127));
        Account(127, Request.Serving.Workload).Fleet.ShouldBe(new(2, 4, 8), "the window is of other lines");

        Core.Accounts.ClassAccount Account(long windowS, Workload? given = null) =>
            new BatchClass(
                Request with { BatchWindowNs = windowS * 1_000_000_000, Backfill = given }, engine, Basis,
                new(100, 50, 40))
                .Account(2, full, Run, AccountLaws.Outcome.Drawn!, curve);
    }

    [Fact]
    public void Fleets_of_draws_are_sized_as_the_fleet_is()
    {
        // Two ranks carry 6 a second, 10 or nothing.
        DrawnFleets.Interactive(Request, AccountLaws.Outcome.Engine, [3, 5, 0]).ShouldBe(
        [
            Math.Ceiling(Rate * AccountLaws.Peak / 6) + AccountLaws.Spare,
            Math.Ceiling(Rate * AccountLaws.Peak / 10) + AccountLaws.Spare,
            double.PositiveInfinity,
        ]);
    }

    static LatencySummary Summary(double ms) => new(ms, ms, ms, ms, ms);
}
