using System;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

/// <summary>A promise that nobody can keep, and the nearest one that somebody can.</summary>
public sealed class NearestPromiseTests
{
    const long Ms = 1_000_000;

    [Theory]
    [InlineData(812, 500, 1100)]
    [InlineData(300, 500, 630)]
    [InlineData(80, 1, 100)]
    [InlineData(8, 1, 10)]
    public void A_limit_is_loosened_by_a_quarter_over_what_is_reached_and_rounded_up_to_two_digits(
        long measuredMs, long limitMs, long loosenedMs)
    {
        var limit = new Limit(Metric.Ttft, 95, limitMs * Ms);
        Limit[] others = [new(Metric.Ttft, 50, 7 * Ms), new(Metric.Tpot, 95, 9 * Ms)];
        var level = LevelPromise.Of(ServiceLevelSpec.Default, [limit, .. others]);
        var loosened = NearestPromise.Loosened(level, new LimitBreak(limit, measuredMs * Ms));
        loosened.Limits.ShouldBe([limit with { LimitNs = loosenedMs * Ms }, .. others]);
    }

    [Fact]
    public void What_an_idle_replica_misses_is_named_and_loosened_until_a_fleet_keeps_it()
    {
        var asked = Accountant.Account(Request(new Limit(Metric.Ttft, 95, Ms / 2)));
        asked.Result.ShouldBeNull();
        asked.LoadLine.ShouldBe(0);
        var missed = asked.Missed!.Value;
        missed.Ratio.ShouldBe(missed.MeasuredNs / (0.5 * Ms), 1e-9);
        missed.Ratio.ShouldBeGreaterThan(1);
        var idleS = 1 / (LoadLineSearch.IdleShare * asked.Ceiling);
        asked.Broken!.ShouldBe(FormattableString.Invariant(
            $"the promise cannot be kept: ttft p95 0.5ms is missed by a factor of {missed.Ratio:0.00} ")
            + FormattableString.Invariant($"({missed.MeasuredNs / 1e6:#,0.#} ms) even when a replica of ")
            + FormattableString.Invariant($"1 × round gets a request every {idleS:#,0.#} s"));

        var near = NearestPromise.Find(asked)!;
        var limit = near.Request.Serving.Limits.Single();
        ((double)limit.LimitNs).ShouldBeInRange(1.25 * missed.MeasuredNs, 4 * missed.MeasuredNs);
        near.Result!.Classes[0].LoadLine.RequestsPerSecond.ShouldBePositive();
        near.AtLoadLine!.Latencies.Ttft.PercentileNs(95)!.Value.ShouldBeLessThan((long)(1.1 * limit.LimitNs));

        // A single kind of limit has no ratio of its own; without spares the bill is what the peak needs.
        var ratio = near.Result.Ratio;
        (ratio.TtftAlone, ratio.TpotAlone).ShouldBe((null, null));
        var interactive = near.Result.Classes[0];
        interactive.Fleet.Accelerators.ShouldBe(interactive.Fleet.Replicas);
        near.Notes.ShouldContain(
            "price: 2 USD per accelerator-hour, index on-demand as of 2026-08-21 (test)");
        near.Result.Statement.Price.Origin.ShouldBe("index, as of 2026-08-21");
        NearestPromise.Find(near with { Missed = null }).ShouldBeNull();
    }

    [Fact]
    public void A_load_line_of_nothing_has_no_fleet()
    {
        DrawnFleets.Replicas(0, _ => 3).ShouldBe(double.PositiveInfinity);
        DrawnFleets.Replicas(0.1, line => (int)(line * 70)).ShouldBe(7);
    }

    static AccountRequest Request(Limit limit) => new()
    {
        Serving = TestServings.Of(TestDeployments.Small, WorkloadFamily.Find("chat"), 4000, limit),
        BatchWindowNs = 86_400_000_000_000,
        SpareReplicas = 0,
        Price = new PriceSpec
        {
            Accelerator = "round",
            ProviderType = "index",
            Provider = "test",
            Term = "on-demand",
            UsdPerHour = 2,
            AsOf = "2026-08-21",
            Confidence = "given",
            Source = "test",
        },
    };
}
