using System;
using System.Collections.Generic;
using System.Linq;
using MathNet.Numerics;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tune.Figures;

/// <summary>How often the gates and the guards are wrong, over simulated candidates.</summary>
static class GateFigures
{
    public const int Candidates = 10_000;
    const int Sequences = 1000;
    public const int Canaries = 200;

    public static void Run()
    {
        var atMargin = 0;
        var missed = 0;
        var caught = 0;
        for (ulong seed = 1; seed <= Candidates; seed++)
        {
            atMargin += Quality(1600, worse: 0.02, seed).Verdict == GateVerdict.Passed ? 1 : 0;
            missed += Quality(1600, worse: 0, seed).Verdict != GateVerdict.Passed ? 1 : 0;
            caught += Quality(1600, worse: 0.05, seed).Verdict != GateVerdict.Passed ? 1 : 0;
        }
        Console.WriteLine($"quality gate, margin 2 points, 1,600 examples, {Candidates} candidates each:");
        var error = 196 * Math.Sqrt(atMargin / (double)Candidates * (1 - atMargin / (double)Candidates)
            / Candidates);
        Console.WriteLine(FormattableString.Invariant(
            $"  exactly 2 points worse: {Percent(atMargin)} ± {error:F1} promoted; counted out {100
                * ExactLevel():F2} % (5 % promised at most)"));
        Console.WriteLine($"  equal: {Percent(Candidates - missed)} promoted (80 % power planned)");
        Console.WriteLine($"  5 points worse: {Percent(caught)} kept out");
        foreach (var rate in new[] { 0.01, 0.1, 0.5 })
        {
            var outside = 0;
            for (ulong seed = 1; seed <= Sequences; seed++)
                outside += IsEverOutside(rate, 5000, seed) ? 1 : 0;
            Console.WriteLine($"confidence sequence, rate {rate}, looked at 5,000 times in each of "
                + $"{Sequences}: held {Percent(Sequences - outside, Sequences)} (95 % promised)");
        }
        var (false0, after0, _) = Promotions(0.01, 0.01);
        var (caught2, _, answers2) = Promotions(0.03, 0.01);
        Console.WriteLine($"promotion, equal error rates of 1 %: {Percent(false0, Canaries)} rolled back, "
            + $"{after0} of {Canaries} promoted");
        Console.WriteLine($"promotion, 2 points more errors: {Percent(caught2, Canaries)} rolled back, after "
            + $"{answers2:F0} of the candidate's answers on average");
    }

    // The chance to pass at the margin, over all splits of 1,600 examples: 4 % right by the candidate alone,
    // 6 % by the current alone.
    static double ExactLevel()
    {
        const int n = 1600;
        double candidate = 0.04, current = 0.06, level = 0;
        for (var b = 0; b <= 200; b++)
        {
            for (var c = 0; c <= 240; c++)
            {
                if (new PairedProportions(n - b - c, b, c, 0).Difference(Gates.Confidence).Low <= -0.02)
                    continue;
                level += Math.Exp(SpecialFunctions.FactorialLn(n) - SpecialFunctions.FactorialLn(b)
                    - SpecialFunctions.FactorialLn(c) - SpecialFunctions.FactorialLn(n - b - c)
                    + b * Math.Log(candidate) + c * Math.Log(current)
                    + (n - b - c) * Math.Log(1 - candidate - current));
            }
        }
        return level;
    }

    public static GateOutcome Quality(int count, double worse, ulong seed)
    {
        var draws = new RandomStream(seed, purpose: 0x9a7e);
        var examples = new List<JudgedExample>(count);
        for (var i = 0; i < count; i++)
        {
            var place = draws.NextDouble();
            var (current, candidate) = place < 0.05 + worse / 2 ? (true, false) : place < 0.1 ? (false, true)
                : place < 0.9 ? (true, true) : (false, false);
            examples.Add(new JudgedExample("q", "x", current ? "x" : "y", candidate ? "x" : "z"));
        }
        return Gates.Quality(examples, margin: 0.02, discordant: 0.1);
    }

    static bool IsEverOutside(double rate, int looks, ulong seed)
    {
        var draws = new RandomStream(seed, purpose: 0xc5);
        var sequence = new ConfidenceSequence(0.05);
        for (var i = 0; i < looks; i++)
        {
            sequence.Add(draws.NextDouble() < rate ? 1 : 0);
            if (sequence.Low > rate || sequence.High < rate)
                return true;
        }
        return false;
    }

    public static (int RolledBack, int Promoted, double Answers) Promotions(
        double candidate, double production)
    {
        var (back, through, answers) = (0, 0, 0L);
        for (ulong seed = 1; seed <= Canaries; seed++)
        {
            var promotion = new Promotion(new PromotionPlan { Guards = [new Guard("errors", 0.01)] }, "task",
                "old", "new", revision: 1);
            var draws = new RandomStream(seed, purpose: 0xca);
            for (var i = 0; i < 400_000 && !promotion.IsOver; i++)
            {
                var arm = promotion.Routing.Route($"user{draws.NextBelow(100_000)}");
                if (promotion.Routing.Shadow)
                    promotion.Observe("new", One(draws.NextDouble() < candidate));
                promotion.Observe(arm, One(draws.NextDouble() < (arm == "new" ? candidate : production)));
            }
            back += promotion.Stage == PromotionStage.RolledBack ? 1 : 0;
            through += promotion.Stage == PromotionStage.Promoted ? 1 : 0;
            answers += promotion.Guards.Max(g => g.Observed);
        }
        return (back, through, answers / (double)Canaries);
    }

    static Dictionary<string, double> One(bool error) => new() { ["errors"] = error ? 1 : 0 };

    static string Percent(int count, int of = Candidates) =>
        FormattableString.Invariant($"{100.0 * count / of:F1} %");
}
