using System;
using System.Linq;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Promises;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class ClientCheckTests
{
    [Theory]
    [InlineData(700, 10, false, true)]
    [InlineData(700, 60, false, false)]
    [InlineData(700, 60, true, true)]
    [InlineData(140, 60, false, false)]
    [InlineData(30, 60, false, false)]
    [InlineData(30, 10, false, true)]
    public void A_client_that_sends_late_measured_itself(int requests, int lateMs, bool heldBack, bool valid)
    {
        using var check = new ClientCheck(new RunClock());
        foreach (var i in Enumerable.Range(0, requests))
        {
            check.Add(new RequestRecord
            {
                ScheduledNs = 1_000_000L * i, DispatchedNs = 1_000_000L * (i + lateMs),
                    SentNs = 1_000_000L * (i + lateMs),
            });
        }
        var report = check.Report([PromiseText.Parse("ttft p95 500ms")], null, mostShare: 0.1, heldBack);
        report.DispatchLateP50Ms!.Value.ShouldBe(lateMs, 0.01 * lateMs);
        report.IsValid.ShouldBe(valid, string.Join("; ", report.InvalidBecause));
        if (!valid)
            report.InvalidBecause.Single().ShouldStartWith("requests were dispatched ");
    }

    [Fact]
    public void A_stepped_wall_clock_is_counted_and_moves_no_latency()
    {
        var wall = new SteppedClock();
        var clock = new RunClock(wall);
        using var check = new ClientCheck(clock);
        var before = clock.NowNs;
        wall.Offset = TimeSpan.FromHours(-1);
        check.LookAtWallClock();
        wall.Offset = TimeSpan.FromHours(-1) + TimeSpan.FromMilliseconds(5);
        check.LookAtWallClock();
        var report = check.Report([], null, 0.1, heldBack: false);
        report.ClockSteps.ShouldBe(1);
        report.ClockSteppedMs.ShouldBe(-3_600_000, 1000);
        (clock.NowNs - before).ShouldBeInRange(0, 60_000_000_000);
    }

    /// <summary>The real clock, set by somebody while the run goes on.</summary>
    sealed class SteppedClock : TimeProvider
    {
        public TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
    }
}
