using System.Linq;
using CsCheck;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Bench;

public sealed class PromiseVerdictTests
{
    [Theory]
    [InlineData(95, 129, 0, PromiseVerdict.TooFew)]
    [InlineData(95, 130, 6, PromiseVerdict.Kept)]
    [InlineData(95, 130, 7, PromiseVerdict.Broken)]
    [InlineData(95, 20, 2, PromiseVerdict.TooFew)]
    [InlineData(95, 20, 5, PromiseVerdict.Broken)]
    [InlineData(95, 1, 1, PromiseVerdict.TooFew)]
    [InlineData(95, 2, 2, PromiseVerdict.Broken)]
    [InlineData(99, 100, 1, PromiseVerdict.TooFew)]
    [InlineData(50, 6, 6, PromiseVerdict.TooFew)]
    [InlineData(50, 7, 7, PromiseVerdict.Broken)]
    [InlineData(95, 0, 0, PromiseVerdict.TooFew)]
    public void A_promise_is_kept_broken_or_too_few_to_say(
        double percentile, long samples, long broken, PromiseVerdict verdict) =>
        PromiseJudge.Of(new Limit(Metric.Ttft, percentile, 1), samples, broken).ShouldBe(verdict);

    /// <summary>
    /// A promise that holds is called broken by a small sample less than once in a hundred.
    /// </summary>
    [Fact]
    public void More_breaks_never_turn_a_broken_promise_into_a_kept_one() =>
        Gen.Select(Gen.Double[1, 99.5], Gen.Int[0, 800], Gen.Int[0, 800]).Sample(
        (percentile, samples, breaks) =>
        {
            var limit = new Limit(Metric.Ttft, percentile, 1);
            var broken = breaks % (samples + 1);
            var verdict = PromiseJudge.Of(limit, samples, broken);
            if (verdict == PromiseVerdict.Broken && broken < samples)
                PromiseJudge.Of(limit, samples, broken + 1).ShouldBe(PromiseVerdict.Broken);
            if (samples < PercentileSamples.Needed(percentile))
                verdict.ShouldNotBe(PromiseVerdict.Kept);
            else
                verdict.ShouldNotBe(PromiseVerdict.TooFew);
        }, iter: 2000);

    [Fact]
    public void A_level_says_how_many_requests_are_missing()
    {
        var meter = new LevelMeter(new LevelOptions { Promise = [PromiseText.Parse("ttft p95 500ms")] });
        foreach (var late in new[] { true, false, false, false })
        {
            meter.Add(new RequestRecord
            {
                FirstTokenNs = late ? 600_000_000 : 1, LastTokenNs = 700_000_000, OutputTokens = 2,
            });
        }
        var level = meter.Report([50]);
        level.Verdict.ShouldBe(PromiseVerdict.TooFew);
        var limit = level.Promise.Single();
        (limit.Broken, limit.Samples, limit.Needed).ShouldBe((1, 4, 130));
        VerdictWords.Of(limit).ShouldBe("too few to say: 4 requests of the 130 needed");
    }
}
