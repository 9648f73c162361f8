using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Measures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Measures;

/// <summary>The meter against numbers by hand.</summary>
public sealed class RequestMeterTests
{
    const long Ms = 1_000_000;

    [Fact]
    public void Goodput_counts_each_limit_of_a_request_and_its_gaps_too()
    {
        var meter =
            Meter([new Limit(Metric.Ttft, 50, 100 * Ms), new Limit(Metric.Itl, 90, 20 * Ms)], requests: 5);
        // 21 gaps, of which p90 allows two to be late.
        meter.Add(Request(0, ttftMs: 90, outputTokens: 22, lateGaps: 2));
        meter.Add(Request(1, ttftMs: 90, outputTokens: 22, lateGaps: 3));
        meter.Add(Request(2, ttftMs: 101, outputTokens: 22, lateGaps: 0));
        meter.Add(Request(3, ttftMs: 100, outputTokens: 1, lateGaps: 0));
        meter.Add(Request(4, ttftMs: 1, outputTokens: 22, lateGaps: 0) with { Served = false });
        meter.Goodput.ShouldBe(2 / 5.0);
    }

    [Fact]
    public void Requests_are_judged_against_their_own_level()
    {
        var meter = Meter([[new Limit(Metric.Ttft, 95, 10 * Ms)], []], requests: 4);
        meter.Add(Request(0, ttftMs: 5, outputTokens: 2));
        meter.Add(Request(1, ttftMs: 50, outputTokens: 2));
        meter.Add(Request(2, ttftMs: 5000, outputTokens: 2) with { Level = 1 });
        meter.Add(Request(3, ttftMs: 9000, outputTokens: 2) with { Level = 1 });
        meter.Levels[0].Goodput.ShouldBe(0.5);
        meter.Levels[1].Goodput.ShouldBeNull("nothing was promised");
        meter.Goodput.ShouldBe(0.5, "of those that were promised something");
        meter.Levels[1].Latencies.Ttft.MeanNs.ShouldBe(7000.0 * Ms);
        meter.Latencies.Ttft.Count.ShouldBe(4);
    }

    [Fact]
    public void An_early_verdict_over_levels_is_the_late_one() =>
        Gen.Select(Gen.Select(Gen.Int[0, 1], Gen.Int[1, 40]).Array[700, 900], Gen.Int[0, 99])
            .Sample((requests, warmUp) =>
        {
            var meter = new RequestMeter(
                [[new Limit(Metric.Ttft, 95, 38 * Ms)], [new Limit(Metric.Ttft, 50, 20 * Ms)]],
                warmUp, requests.Length);
            bool? early = null;
            for (var i = 0; i < requests.Length; i++)
            {
                meter.Add(Request(i, requests[i].Item2, outputTokens: 1) with { Level = requests[i].Item1 });
                early ??= meter.CertainlyBroken ? false : meter.CertainlyKept ? true : null;
            }
            if (early is not null)
                early.ShouldBe(meter.Verdict());
        });

    /// <summary>Of 310 measured 15 may break: 295 good ones decide, whatever came before them.</summary>
    [Fact]
    public void The_warm_up_neither_hastens_nor_delays_a_verdict()
    {
        var meter = new RequestMeter([[new Limit(Metric.Ttft, 95, 10 * Ms)]], 90, 400);
        for (var i = 0; i < 384; i++)
            meter.Add(Request(i, ttftMs: i < 90 ? 99 : 5, outputTokens: 1));
        meter.CertainlyKept.ShouldBeFalse();
        meter.Add(Request(384, ttftMs: 5, outputTokens: 1));
        meter.CertainlyKept.ShouldBeTrue();
    }

    [Fact]
    public void Too_few_requests_are_no_verdict_unless_their_breaks_are_one()
    {
        var few = Meter([new Limit(Metric.Ttft, 95, 10 * Ms)], requests: 20);
        few.Goodput.ShouldBeNull();
        for (var i = 0; i < 20; i++)
            few.Add(Request(i, ttftMs: 5, outputTokens: 1));
        few.Verdict().ShouldBeNull();

        var broken = Meter([new Limit(Metric.Ttft, 95, 10 * Ms)], requests: 20);
        for (var i = 0; i < 20; i++)
            broken.Add(Request(i, ttftMs: 15, outputTokens: 1));
        broken.Verdict().ShouldBe(false);
    }

    static RequestMeter Meter(IReadOnlyList<Limit> limits, int requests) => Meter([limits], requests);

    static RequestMeter Meter(IReadOnlyList<IReadOnlyList<Limit>> levels, int requests) =>
        new(levels, 0, requests);

    static CompletedRequest Request(long index, long ttftMs, int outputTokens, int lateGaps = 0) => new()
    {
        Index = index,
        Replica = 0,
        PromptTokens = 10,
        OutputTokens = outputTokens,
        ArrivalNs = 0,
        FirstTokenNs = ttftMs * Ms,
        LastTokenNs = (ttftMs + 10 * (outputTokens - 1)) * Ms,
        LateGaps = new LateGaps(lateGaps, 0, 0, 0),
        Served = true,
    };
}
