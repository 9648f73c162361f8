using System.Linq;
using Plimsoll.Core.Measures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Measures;

/// <summary>When a promise is kept, certainly kept or surely broken, to the last request and gap.</summary>
public sealed class PromiseByHandTests
{
    const long Ms = 1_000_000;

    static readonly Limit Ttft = new(Metric.Ttft, 95, 10 * Ms);
    static readonly Limit Itl = new(Metric.Itl, 95, 30 * Ms);

    /// <summary>Of 310 measured 15 may be late, wherever the warm-up was.</summary>
    [Fact]
    public void The_request_that_breaks_the_promise_is_the_first_that_cannot_be_made_up_for()
    {
        var meter = new RequestMeter([Ttft], 90, 400);
        for (var i = 0; i < 90 + 15; i++)
            meter.Add(Request(i, ttftMs: 11));
        meter.CertainlyBroken.ShouldBeFalse();
        meter.Add(Request(105, ttftMs: 10));
        meter.CertainlyBroken.ShouldBeFalse("on the limit is in time");
        meter.Add(Request(106, ttftMs: 11));
        meter.CertainlyBroken.ShouldBeTrue();
    }

    [Theory]
    [InlineData(129, 0, null)]
    [InlineData(130, 0, true)]
    [InlineData(130, 6, true)]
    [InlineData(130, 7, false)]
    public void A_p95_takes_130_requests_of_which_six_may_be_late(int requests, int late, bool? kept)
    {
        var meter = new RequestMeter([Ttft], 0, requests);
        for (var i = 0; i < requests; i++)
            meter.Add(Request(i, ttftMs: i < late ? 11 : 9));
        meter.Verdict().ShouldBe(kept);
    }

    /// <summary>200 gaps of one answer and 200 of another, of which p95 allows 20 to be late.</summary>
    [Theory]
    [InlineData(20, true)]
    [InlineData(21, false)]
    public void Gaps_are_judged_over_all_answers_that_were_served(int late, bool kept)
    {
        var meter = new RequestMeter([Itl], 0, 4);
        meter.Add(Request(0, 0, outputTokens: 201) with { LateGaps = new LateGaps(late - 9, 0, 0, 0) });
        meter.Add(Request(1, 0, outputTokens: 201) with { LateGaps = new LateGaps(9, 0, 0, 0) });
        meter.Add(Request(2, 0, outputTokens: 0) with { LateGaps = default(LateGaps) });
        meter.Add(Request(3, 0) with { Served = false, LateGaps = null });
        meter.Verdict().ShouldBe(kept);
        meter.Levels[0].Breaks(0).ShouldBe(late);
        // The first has more than its own ten, the last was not served.
        meter.Levels[0].Good.ShouldBe(2);
        PromiseMeter.Pooled([meter.Levels[0]]).Verdict().ShouldBe(kept);
    }

    /// <summary>An answer of 131 tokens has as many gaps as a p95 takes.</summary>
    [Theory]
    [InlineData(130, null)]
    [InlineData(131, true)]
    public void An_answer_has_a_gap_less_than_tokens(int tokens, bool? kept)
    {
        var meter = new RequestMeter([Itl], 0, 1);
        meter.Add(Request(0, 0, tokens) with { LateGaps = default(LateGaps) });
        meter.Verdict().ShouldBe(kept);
    }

    [Fact]
    public void A_gap_as_long_as_the_limit_keeps_it_and_too_few_gaps_tell_nothing()
    {
        foreach (var (gaps, gapNs, kept) in new (int, long, bool?)[] { (200, 100, true), (200, 101, false),
            (20, 100, null) })
        {
            var meter = new RequestMeter([new Limit(Metric.Itl, 95, 100)], 0, 1) { MeasureGaps = true };
            meter.AddGaps(gapNs, gaps);
            meter.Add(Request(0, 0, outputTokens: 201) with { LateGaps = null });
            meter.Verdict().ShouldBe(kept);
        }
    }

    [Fact]
    public void A_promise_of_gaps_or_none_at_all_is_never_certainly_kept_before_the_end()
    {
        CertainlyKept([Ttft]).ShouldBeTrue();
        CertainlyKept([Ttft, Itl]).ShouldBeFalse();
        CertainlyKept([]).ShouldBeFalse();

        static bool CertainlyKept(Limit[] limits)
        {
            var meter = new RequestMeter(limits, 0, 130);
            for (var i = 0; i < 130; i++)
                meter.Add(Request(i, 1) with { LateGaps = default(LateGaps) });
            return meter.CertainlyKept;
        }
    }

    [Fact]
    public void One_level_that_cannot_tell_leaves_the_verdict_open()
    {
        var meter = new RequestMeter([[Ttft], [Ttft]], 0, 132);
        for (var i = 0; i < 132; i++)
            meter.Add(Request(i, 1) with { Level = i < 130 ? 0 : 1 });
        meter.Levels.Select(l => l.Verdict()).ShouldBe([true, null]);
        meter.Verdict().ShouldBeNull();
        meter = new RequestMeter([[Ttft], [Ttft]], 0, 132);
        for (var i = 0; i < 132; i++)
            meter.Add(Request(i, 1) with { Level = i < 130 ? 1 : 0 });
        meter.Verdict().ShouldBeNull();
    }

    [Fact]
    public void Who_was_turned_away_or_taken_in_as_batch_work_is_counted_and_kept_no_promise()
    {
        var meter = new RequestMeter([Ttft], 0, 4);
        meter.Levels[0].Goodput.ShouldBeNull();
        meter.Add(Request(0, 1, outputTokens: 3));
        meter.Add(Request(1, 1, outputTokens: 4) with { Relegated = true });
        meter.Add(Request(2, 1) with { Served = false, Rejected = true });
        meter.Add(Request(3, 1) with { Served = false });
        (meter.Completed, meter.Failed, meter.Rejected).ShouldBe((2, 2, 1));
        Holds(meter.Levels[0], 1);
        var pooled = PromiseMeter.Pooled([meter.Levels[0], meter.Levels[0]]);
        Holds(pooled, 2);
        pooled.Latencies.E2e.Count.ShouldBe(4);
        pooled.Latencies.Tpot.Count.ShouldBe(4);

        static void Holds(PromiseMeter level, int times)
        {
            level.Measured.ShouldBe(4 * times);
            (level.Rejected, level.Relegated).ShouldBe((times, times));
            (level.PromptTokens, level.OutputTokens).ShouldBe((20 * times, 7 * times));
            (level.Good, level.Goodput).ShouldBe((times, 0.25));
            level.Breaks(0).ShouldBe(2 * times);
        }
    }

    [Fact]
    public void Gaps_belong_to_their_level_and_to_all()
    {
        var meter = new RequestMeter([[Itl], [Itl]], 0, 1) { MeasureGaps = true };
        meter.AddGaps(100, 3, level: 1);
        meter.Latencies.Itl.Count.ShouldBe(3);
        meter.Levels.Select(l => l.Latencies.Itl.Count).ShouldBe([0, 3]);
    }

    [Fact]
    public void A_gap_is_late_by_each_limit_that_it_exceeds()
    {
        long[] limits = [10, 20, 30];
        LateGaps.Of(limits, 20, 5).ShouldBe(new LateGaps(5, 0, 0, 0));
        LateGaps.Of(limits, 21, 5).ShouldBe(new LateGaps(5, 5, 0, 0));
        LateGaps.Of([1, 2, 3, 4], 9, 2).ShouldBe(new LateGaps(2, 2, 2, 2));
        var (a, b) = (new LateGaps(10, 20, 30, 40), new LateGaps(1, 2, 3, 4));
        (a + b).ShouldBe(new LateGaps(11, 22, 33, 44));
        (a - b).ShouldBe(new LateGaps(9, 18, 27, 36));
        Enumerable.Range(0, LateGaps.Most).Select(limit => a[limit]).ShouldBe([10, 20, 30, 40]);
    }

    static CompletedRequest Request(long index, long ttftMs, int outputTokens = 1) => new()
    {
        Index = index,
        Replica = 0,
        PromptTokens = 10,
        OutputTokens = outputTokens,
        ArrivalNs = 0,
        FirstTokenNs = ttftMs * Ms,
        LastTokenNs = (ttftMs + outputTokens) * Ms,
        Served = true,
    };
}
