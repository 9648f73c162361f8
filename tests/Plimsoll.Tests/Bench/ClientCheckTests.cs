using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class ClientCheckTests
{
    [Theory]
    [InlineData(700, 10, true)]
    [InlineData(700, 60, false)]
    [InlineData(140, 60, false)]
    [InlineData(30, 60, false)]
    [InlineData(30, 10, true)]
    public void A_client_that_sends_late_measured_itself(int requests, int lateMs, bool valid)
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
        var report = check.Report([PromiseText.Parse("ttft p95 500ms")], null, mostShare: 0.1);
        report.DispatchLateP50Ms!.Value.ShouldBe(lateMs, 0.01 * lateMs);
        report.IsValid.ShouldBe(valid, string.Join("; ", report.InvalidBecause));
        if (!valid)
            report.InvalidBecause.Single().ShouldStartWith("requests were dispatched ");
    }

    /// <summary>What a limit held back is no lateness; what it let pass is judged as ever.</summary>
    [Theory]
    [InlineData(10, true)]
    [InlineData(60, false)]
    public void Requests_that_no_limit_held_are_judged(int lateMs, bool valid)
    {
        using var check = new ClientCheck(new RunClock());
        foreach (var i in Enumerable.Range(0, 1400))
        {
            var held = i % 2 == 0;
            check.Add(new RequestRecord
            {
                ScheduledNs = 1_000_000L * i, DispatchedNs = 1_000_000L * (i + (held ? 5000 : lateMs)),
                    HeldBack = held,
            });
        }
        var report = check.Report([PromiseText.Parse("ttft p95 500ms")], null, mostShare: 0.1);
        report.HeldBack.ShouldBe(700);
        report.DispatchLateP99Ms!.Value.ShouldBe(lateMs, 0.01 * lateMs);
        report.IsValid.ShouldBe(valid, string.Join("; ", report.InvalidBecause));
    }

    /// <summary>A limit that no load reaches holds nothing back; a lower one says what it held.</summary>
    [Theory]
    [InlineData(1000, false)]
    [InlineData(1, true)]
    public async Task A_limit_in_flight_that_never_binds_judges_every_request(int limit, bool binds)
    {
        await using var endpoint = await ScriptedEndpoint.Start((context, body) =>
            ScriptedEndpoint.Stream(context, body, ScriptedEndpoint.Asked(body), _ => 10, 1));
        using var run = new BenchRun(new BenchOptions
        {
            Endpoint = new EndpointOptions { BaseUrl = endpoint.BaseUrl, Model = "scripted" },
            Levels = [new LevelOptions { Lengths = new LengthOptions(20, 4), RequestsPerSecond = 200,
                Requests = 60 }],
            MaxConcurrency = limit,
            Load = "test",
        });
        var client = run.Run(CancellationToken.None).Client;
        (client.HeldBack > 0).ShouldBe(binds);
        (client.DispatchLate is null).ShouldBe(binds);
    }

    [Fact]
    public void With_no_promise_late_reads_are_judged_by_the_median_ttft()
    {
        using var check = new ClientCheck(new RunClock());
        // Two hundred reads, none of which can be early to the nanosecond.
        SpinWait.SpinUntil(() => check.Report([], null, 0.1).ReadLag is not null, 20_000).ShouldBeTrue();
        var reason = check.Report([], medianTtftNs: 1, mostShare: 0.1).InvalidBecause.ShouldHaveSingleItem();
        reason.ShouldStartWith("answers were read ");
        reason.ShouldContain("of the median ttft");
    }

    /// <summary>A late read shows in an ITL whole, in a TPOT divided by the answer's gaps.</summary>
    [Theory]
    [InlineData(Metric.Tpot, 10_001, true)]
    [InlineData(Metric.Tpot, 2, false)]
    [InlineData(Metric.Itl, 10_001, false)]
    public void A_late_read_is_shared_by_the_gaps_of_an_answer(Metric metric, int tokens, bool valid)
    {
        using var check = new ClientCheck(new RunClock());
        check.Add(new RequestRecord { OutputTokens = tokens, Chunks = tokens });
        SpinWait.SpinUntil(() => check.Report([], null, 0.1).ReadLag is not null, 20_000).ShouldBeTrue();
        // A hundred times the lag is far from what a machine that is busy for a moment adds or takes.
        var hundredthNs = check.Report([], null, 0.1).ReadLag!.Value.Ms * 1e6 / 100;
        var report = check.Report([new Limit(metric, 95, (long)hundredthNs)], null, mostShare: 1);
        report.IsValid.ShouldBe(valid, string.Join("; ", report.InvalidBecause));
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
        var report = check.Report([], null, 0.1);
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
