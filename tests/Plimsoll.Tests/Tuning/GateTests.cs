using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Evaluation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class GateTests
{
    /// <summary>At each end the data lie z standard errors away, the errors those of the likeliest shares
    /// under that difference, which are searched for here and solved for there.</summary>
    [Theory]
    [InlineData(36, 12, 2, 0)]
    [InlineData(53, 0, 1, 0)]
    [InlineData(1300, 60, 80, 160)]
    [InlineData(700, 5, 30, 265)]
    public void The_paired_interval_is_Tangos(int both, int candidate, int current, int neither)
    {
        var interval = new PairedProportions(both, candidate, current, neither).Difference(0.975);
        var n = both + candidate + current + neither;
        interval.Point.ShouldBe((candidate - current) / (double)n, 1e-12);
        foreach (var (end, sign) in new[] { (interval.Low, 1), (interval.High, -1) })
        {
            double Likelihood(double share) =>
                candidate * Math.Log(share + end) + current * Math.Log(share)
                    + (both + neither) * Math.Log(1 - 2 * share - end);
            var (from, to) = (Math.Max(1e-9, 1e-9 - end), (1 - end) / 2 - 1e-9);
            for (var i = 0; i < 200; i++)
            {
                var (a, b) = (from + (to - from) / 3, to - (to - from) / 3);
                (from, to) = Likelihood(a) < Likelihood(b) ? (a, to) : (from, b);
            }
            var error = Math.Sqrt(n * (2 * from + end - end * end));
            ((candidate - current - n * end) / error).ShouldBe(sign * 1.95996, 2e-4);
        }
    }

    /// <summary>Every outcome of 1,546 examples by its probability: nothing is sampled.</summary>
    [Theory]
    [InlineData(0.04, 0.06)]
    [InlineData(0.02, 0.04)]
    [InlineData(0.01, 0.03)]
    public void At_the_margin_one_in_twenty_passes_at_most(double candidate, double current)
    {
        const int n = 1546;
        double Log(int count) => MathNet.Numerics.SpecialFunctions.GammaLn(count + 1);
        (int From, int To) Likely(double share) =>
            ((int)(n * share - 6 * Math.Sqrt(n * share)), (int)(n * share + 6 * Math.Sqrt(n * share)));
        var passes = 0.0;
        for (var b = Math.Max(0, Likely(candidate).From); b <= Likely(candidate).To; b++)
        {
            for (var c = Math.Max(0, Likely(current).From); c <= Likely(current).To; c++)
            {
                var same = n - b - c;
                if (new PairedProportions(same, b, c, 0).Difference(0.95).Low > -(current - candidate))
                {
                    passes += Math.Exp(Log(n) - Log(b) - Log(c) - Log(same) + b * Math.Log(candidate)
                        + c * Math.Log(current) + same * Math.Log(1 - candidate - current));
                }
            }
        }
        passes.ShouldBeInRange(0.045, 0.05);
    }

    [Fact]
    public void The_sample_needed_is_said_before() =>
        PairedProportions.Needed(margin: 0.02, discordant: 0.1, oneSided: 0.95, power: 0.8).ShouldBe(1546);

    [Fact]
    public void McNemar_is_the_exact_binomial() =>
        new PairedProportions(100, 2, 8, 5).McNemar().ShouldBe(2 * (1 + 10 + 45) / 1024.0, 1e-9);

    [Theory]
    [InlineData(2000, 0.03, GateVerdict.Failed)]
    [InlineData(2000, -0.01, GateVerdict.Passed)]
    [InlineData(300, 0.0, GateVerdict.Undecided)]
    public void Quality_is_judged_on_the_interval(int count, double worse, GateVerdict expected)
    {
        var examples = Paired(count, worse, seed: 5);
        Gates.Quality(examples, margin: worse > 0 ? 0.01 : 0.02, discordant: 0.1).Verdict.ShouldBe(expected);
    }

    [Fact]
    public void Few_examples_are_never_passed()
    {
        for (ulong seed = 1; seed <= 50; seed++)
            Gates.Quality(Paired(200, -0.05, seed), 0.02, 0.1).Verdict.ShouldBe(GateVerdict.Undecided);
    }

    [Fact]
    public void At_the_margin_hardly_any_candidate_passes()
    {
        var passed = 0;
        for (ulong seed = 1; seed <= 400; seed++)
        {
            passed += Gates.Quality(Paired(1600, 0.02, seed), 0.02, 0.1).Verdict == GateVerdict.Passed ? 1
                : 0;
        }
        passed.ShouldBeLessThanOrEqualTo(28);
    }

    [Fact]
    public void Parity_names_the_first_token_that_differs()
    {
        var examples = Enumerable.Range(0, 20)
            .Select(i => new ParityExample($"p{i}", [1, 2, 3], i == 4 ? [1, 2, 9] : [1, 2, 3])).ToList();
        var outcome = Gates.Parity(examples, quantised: false, needed: 20);
        outcome.Verdict.ShouldBe(GateVerdict.Failed);
        outcome.Evidence.ShouldContain("\"p4\" at token 3: trainer 3, engine 9");
        Gates.Parity(examples, quantised: true, needed: 20).Verdict.ShouldBe(GateVerdict.Passed);
        Gates.Parity(examples[..4], quantised: false, needed: 20).Verdict.ShouldBe(GateVerdict.Undecided);
    }

    [Fact]
    public void A_fault_that_would_pass_for_rounding_is_seen_before_quantisation()
    {
        List<ParityExample> Examples(int wrong) => [.. Enumerable.Range(0, 200)
            .Select(i => new ParityExample($"p{i}", [1, 2], i < wrong ? [1, 9] : [1, 2]))];
        Gates.Parity(Examples(8), quantised: true, needed: 50).Verdict.ShouldBe(GateVerdict.Passed);
        var outcome = Gates.Parity(Examples(8), Examples(8), needed: 50);
        outcome.Verdict.ShouldBe(GateVerdict.Failed);
        outcome.Evidence.ShouldStartWith("before quantisation: 192 of 200");
        var rounding = Gates.Parity(Examples(0), Examples(8), needed: 50);
        rounding.Verdict.ShouldBe(GateVerdict.Passed);
        rounding.Facts["identical_unquantised"]!.GetValue<int>().ShouldBe(200);
    }

    [Fact]
    public void An_answer_without_its_end_is_seen()
    {
        var outcome = Gates.Parity([new ParityExample("p", [5, 7], [5, 7, 7, 7])], quantised: true,
            needed: 1);
        outcome.Verdict.ShouldBe(GateVerdict.Failed);
        outcome.Evidence.ShouldContain("trainer the end, engine 7");
    }

    [Fact]
    public void Form_and_must_pass_examples_name_what_is_wrong()
    {
        var examples = new[] { new JudgedExample("q", "yes", "yes", "maybe") };
        Gates.Regression(examples).Evidence.ShouldContain("\"q\" gave \"maybe\", expected \"yes\"");
        Gates.Format(examples, AnswerForm.OneOf(new HashSet<string> { "yes", "no" }), 0)
            .Evidence.ShouldContain("no label");
    }

    [Fact]
    public void A_form_is_a_schema_or_a_pattern_of_the_whole_answer()
    {
        using var folder = new TemporaryFolder();
        var form = AnswerForm.Schema(folder.Write("schema.json",
            """{"type":"object","required":["city"],"properties":{"city":{"type":"string"}}}"""));
        form("""{"city":"Oslo"}""").ShouldBeNull();
        form("""{"city":1}""")!.ShouldStartWith("which breaks the schema at /city");
        form("{}")!.ShouldContain("city");
        form("{").ShouldBe("which is no JSON");
        Should.Throw<BadInputException>(() => AnswerForm.Schema(folder.Write("none.json", "{")))
            .Message.ShouldContain("expected a JSON schema");
        var pattern = AnswerForm.Pattern("[a-z]+|[0-9]{2}");
        pattern("oslo").ShouldBeNull();
        pattern("17").ShouldBeNull();
        pattern("oslo 17").ShouldBe("which is not of the form [a-z]+|[0-9]{2}");
        Should.Throw<BadInputException>(() => AnswerForm.Pattern("(")).Message.ShouldStartWith("pattern (");
        AnswerForm.Pattern("(a+)+")(new string('a', 40) + "b")!.ShouldContain("(a+)+");
    }

    [Fact]
    public void A_saving_needs_the_promise_and_the_money()
    {
        var cheap = new Interval(1, 0.9, 1.1);
        var dear = new Interval(2, 1.9, 2.1);
        (string, double, Interval)[] Ttft(double high) =>
            [("ttft p95", 0.5, new Interval(high - 0.05, high - 0.1, high))];
        Gates.Saving(Ttft(0.4), dear, cheap).Verdict.ShouldBe(GateVerdict.Passed);
        Gates.Saving(Ttft(0.55), dear, cheap).Verdict.ShouldBe(GateVerdict.Undecided);
        Gates.Saving(Ttft(0.7), dear, cheap).Verdict.ShouldBe(GateVerdict.Failed);
        Gates.Saving(Ttft(0.4), cheap, dear).Evidence.ShouldContain("dearer");
    }

    [Fact]
    public void Groups_that_agree_widen_the_interval()
    {
        var draws = new RandomStream(9);
        var independent = new List<(string, double, double)>();
        var grouped = new List<(string, double, double)>();
        for (var i = 0; i < 50; i++)
        {
            var shift = draws.NextNormal();
            for (var j = 0; j < 20; j++)
            {
                independent.Add(($"{i}-{j}", draws.NextNormal(), 0));
                grouped.Add(($"{i}", shift, 0));
            }
        }
        double Width(List<(string, double, double)> scores) => Gates.Scores(scores, 0.1, 10, 1) is var o
            ? (double)o.Facts["difference_high"]! - (double)o.Facts["difference_low"]!
            : 0;
        Width(grouped).ShouldBeGreaterThan(2 * Width(independent));
    }

    /// <summary>
    /// One in ten examples is answered differently; of these the candidate loses so many more.
    /// </summary>
    public static List<JudgedExample> Paired(int count, double worse, ulong seed)
    {
        var draws = new RandomStream(seed);
        var examples = new List<JudgedExample>();
        for (var i = 0; i < count; i++)
        {
            var place = draws.NextDouble();
            var (current, candidate) = place < 0.05 + worse / 2 ? (true, false) : place < 0.1 ? (false, true)
                : place < 0.9 ? (true, true) : (false, false);
            examples.Add(new JudgedExample($"q{i}", "x", current ? "x" : "y", candidate ? "x" : "z"));
        }
        return examples;
    }
}
