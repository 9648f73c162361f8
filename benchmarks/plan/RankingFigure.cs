using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Planning.Validation;
using Point = Plimsoll.Planning.Validation.InferenceMaxPoints.Point;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// AIConfigurator's own question: lengths and a time per token, no arrivals; which deployment gives most
/// tokens per accelerator. How long an answer takes, and how often its ranking is InferenceMAX's in the pairs
/// that its repeated runs tell apart. Nothing here is fitted to the points.
/// </summary>
static class RankingFigure
{
    static readonly double[] TpotMs = [10, 15, 20, 30, 50];

    static readonly string[] Questions =
    [
        "--model Llama-3.3-70B --gpu h200 --weights fp8 --isl 4000 --osl 500 --max-accelerators 8 "
            + "--pools all",
        "--model DeepSeek-R1 --gpu h200 --isl 4000 --osl 1000 --max-accelerators 64 --pools all "
            + "--enable-dbo all --num-redundant-experts all",
        "--model Llama-3.3-70B --gpu all --weights native,fp8 --isl 1000 --osl 1000 --pools all",
    ];

    /// <summary>What a deployment was measured and predicted to carry at a time per token.</summary>
    sealed record Carried(Deployment Deployment, double Measured, double Predicted);

    public static int Run(string file)
    {
        var slowest = 0.0;
        foreach (var question in Questions)
        {
            var run = Verb.Run(
                $"plan {question} --promise \"ttft p50 2s\" --promise \"tpot p50 30ms\" --json");
            slowest = Math.Max(slowest, Math.Min(run.Seconds, run.CpuSeconds));
            Console.WriteLine(FormattableString.Invariant(
                $"{run.Seconds:0.00} s, {run.CpuSeconds:0.00} s of processor, ")
                + FormattableString.Invariant(
                    $"{(int)run.Json["statement"]!["candidates"]!:N0} candidates: {question}"));
        }
        Console.WriteLine("(promised 2 s each)\n");
        if (!File.Exists(file))
        {
            Console.WriteLine($"{file}: not there; the ranking wants InferenceMAX's points");
            return slowest <= 2 ? 0 : 1;
        }
        var points = InferenceMaxPoints.Read(file);
        var bar = ErrorBar(points);
        Console.WriteLine(FormattableString.Invariant(
            $"repeated runs of one setting: one of ten pairs differs by {Math.Exp(bar):0.000} × or more"));
        var pairs = Pairs(points, bar).ToList();
        Print("all pairs", pairs);
        Print("one card", pairs.Where(p => p.A.Accelerator.Key == p.B.Accelerator.Key));
        Print("different cards", pairs.Where(p => p.A.Accelerator.Key != p.B.Accelerator.Key));
        Print("dense", pairs.Where(p => p.A.Model.FeedForward.Experts == 0));
        Print("mixtures", pairs.Where(p => p.A.Model.FeedForward.Experts > 0));
        return slowest <= 2 && Agreed(pairs) >= 0.8 ? 0 : 1;
    }

    static void Print(string name, IEnumerable<(Deployment A, Deployment B, bool Agrees)> pairs)
    {
        var all = pairs.ToList();
        Console.WriteLine(FormattableString.Invariant(
            $"{name,-18}{all.Count,8:N0} pairs, ranked as measured {100 * Agreed(all):0.0} % ")
            + "(promised 80 %)");
    }

    static double Agreed(IReadOnlyCollection<(Deployment A, Deployment B, bool Agrees)> pairs) =>
        pairs.Count == 0 ? 0 : pairs.Count(p => p.Agrees) / (double)pairs.Count;

    /// <summary>The 90 % point of the logarithm of what two runs of one setting differ by.</summary>
    static double ErrorBar(IReadOnlyList<Point> points)
    {
        var differences = new List<double>();
        foreach (var twins in points.GroupBy(p => $"{p.Group} {p.Setting} {p.Observation.Name}"))
        {
            var rates = twins.Select(p => Math.Log(Rate(p))).ToList();
            for (var i = 0; i < rates.Count; i++)
            {
                for (var j = i + 1; j < rates.Count; j++)
                    differences.Add(Math.Abs(rates[i] - rates[j]));
            }
        }
        differences.Sort();
        return differences.Count > 0 ? differences[(int)(0.9 * (differences.Count - 1))] : 0.05;
    }

    static IEnumerable<(Deployment A, Deployment B, bool Agrees)> Pairs(
        IReadOnlyList<Point> points, double bar)
    {
        foreach (var asked in points.GroupBy(p => (p.Observation.Deployment.Model.Name,
            p.Observation.Deployment.Weights, p.PromptTokens, p.OutputTokens)))
        {
            var curves = asked.GroupBy(p => (p.Group, p.Observation.Deployment.TensorParallel,
                p.Observation.Deployment.DataParallel, p.Observation.Deployment.ExpertParallel))
                .Select(curve => curve.ToList()).ToList();
            foreach (var tpot in TpotMs)
            {
                var carried = curves.Select(curve => At(curve, tpot)).OfType<Carried>().ToList();
                for (var i = 0; i < carried.Count; i++)
                {
                    for (var j = i + 1; j < carried.Count; j++)
                    {
                        var (a, b) = (carried[i], carried[j]);
                        if (Math.Abs(Math.Log(a.Measured / b.Measured)) > bar)
                        {
                            yield return (a.Deployment, b.Deployment,
                                a.Measured > b.Measured == a.Predicted > b.Predicted);
                        }
                    }
                }
            }
        }
    }

    /// <summary>Between two client counts whose times per token lie on either side; else null.</summary>
    static Carried? At(List<Point> curve, double tpotMs)
    {
        var sorted = curve.OrderBy(p => p.Concurrency).ToList();
        for (var i = 0; i + 1 < sorted.Count; i++)
        {
            var (low, high) = (Tpot(sorted[i]), Tpot(sorted[i + 1]));
            if (low > tpotMs || high < tpotMs || high <= low)
                continue;
            var share = Math.Log(tpotMs / low) / Math.Log(high / low);
            var measured = Math.Exp(((1 - share) * Math.Log(Rate(sorted[i])))
                + (share * Math.Log(Rate(sorted[i + 1]))));
            return Predicted(sorted[0], tpotMs) is { } predicted
                ? new Carried(sorted[0].Observation.Deployment, measured, predicted) : null;
        }
        return null;
    }

    /// <summary>As the plan answers it; null where the weights do not fit.</summary>
    static double? Predicted(Point point, double tpotMs)
    {
        var measured = point.Observation.Deployment;
        var deployment = measured with
        {
            Engine = EngineCatalogue.ServerDefaults(measured.Accelerator, measured.Engine.Engine) with
            {
                Engine = measured.Engine.Engine, EngineVersion = measured.Engine.EngineVersion,
                EnablePrefixCaching = false,
            },
        };
        var lengths = new MeanRequest(0.9 * point.PromptTokens, 0, 0.9 * point.OutputTokens);
        try
        {
            var engine = SimulatedEngine.Of(deployment, SchedulingPolicy.VllmV1, (int)lengths.Tokens);
            var limits = new[] { new Limit(Metric.Tpot, 50, (long)(tpotMs * 1e6)) };
            return new SteadyState(engine, lengths).Best(limits, slack: 1, packed: false) is { } best
                ? best.RequestsPerSecond * engine.Ranks * lengths.OutputTokens / deployment.Accelerators : 0;
        }
        catch (BadInputException)
        {
            return null;
        }
    }

    static double Tpot(Point point) => point.Observation.Measured.TpotMs!.Value;

    /// <summary>Output tokens a second and accelerator.</summary>
    static double Rate(Point point)
    {
        var answer = 0.9 * point.OutputTokens;
        var seconds = (point.Observation.Measured.TtftMs!.Value + ((answer - 1) * Tpot(point))) / 1e3;
        return point.Concurrency * answer / seconds / point.Observation.Deployment.Accelerators;
    }
}
