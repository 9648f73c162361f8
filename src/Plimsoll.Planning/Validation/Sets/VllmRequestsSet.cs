using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using MathNet.Numerics.Statistics;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// Per-request runs of real engines, replayed arrival by arrival. Nothing is fitted to them.
/// </summary>
public sealed class VllmRequestsSet : IValidationSet
{
    const string Split = "kernels tier, nothing fitted";

    public string Name => "vllm-requests";

    public string Source => "vllm-requests";

    public SetReport Run(string folder, Action<double> progress)
    {
        folder = Path.Combine(folder, Source);
        var runs = MeasuredRun.Of(folder);
        var points = new List<ValidationPoint>();
        var predicted = HeldOut.Predict([], [.. Observations(runs)], plan: null);
        for (var i = 0; i < runs.Count; i++)
        {
            points.AddRange(predicted[i].Points(Split, runs[i].Name, Metric.Ttft, Metric.Tpot));
            AddP95(runs[i], predicted[i], points);
            progress((i + 1.0) / runs.Count);
        }
        return new SetReport
        {
            Name = Name,
            Title = "vLLM 0.19 on RTX PRO 6000, request by request",
            Source = Source,
            Fitted = "nothing",
            HeldOut = "every run",
            Assumed = ["times are the engine's own, from arrival; the promptest request ties its two clocks"],
            Points = points,
            Rows = SetReport.Summarise(
                points,
                [
                    new Promise(Split, "TTFT mean", ErrorStatistic.Worst, 6),
                    new Promise(Split, "TPOT mean", ErrorStatistic.Worst, 4),
                ],
                point => PublishedWorst(folder, runs, point.Figure)),
        };
    }

    static IEnumerable<Observation> Observations(IReadOnlyList<MeasuredRun> runs)
    {
        foreach (var run in runs)
        {
            yield return new Observation
            {
                Name = run.Name,
                Deployment = run.Deployment,
                Load = new ReplayedLoad(run.Arrivals),
                Measured =
                    new LatencyFigures { TtftMs = run.TtftNs.Mean() / 1e6, TpotMs = run.TpotNs.Mean() / 1e6 },
                EngineClock = true,
            };
        }
    }

    static void AddP95(MeasuredRun run, HeldOutRun predicted, List<ValidationPoint> points)
    {
        var latencies = predicted.Replay.Result.Latencies;
        foreach (var (figure, measured, recorder) in new[]
        {
            ("TTFT p95", run.TtftNs, latencies.Ttft), ("TPOT p95", run.TpotNs, latencies.Tpot),
        })
        {
            if (recorder.PercentileNs(95) is not { } ns)
                continue;
            var measuredNs = measured.QuantileCustom(0.95, QuantileDefinition.R1);
            points.Add(new ValidationPoint(Split, figure, run.Name, run.Name, measuredNs / 1e6, ns / 1e6));
        }
    }

    /// <summary>
    /// The worst error that LLMServingSim, fitted to the same card, is published with for these runs: the
    /// <c>.validation_summary.txt</c> beside each. Null where there is none.
    /// </summary>
    static string? PublishedWorst(string folder, IReadOnlyList<MeasuredRun> runs, string figure)
    {
        double? worst = null;
        foreach (var run in runs)
        {
            var file = Path.Combine(folder, run.Name + ".validation_summary.txt");
            if (!File.Exists(file))
                continue;
            foreach (var line in File.ReadLines(file))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 5
                    && string.Equals($"{words[0]} {words[1]}", figure, StringComparison.OrdinalIgnoreCase)
                    && double.TryParse(words[4].TrimEnd('%'), CultureInfo.InvariantCulture, out var percent))
                {
                    worst = Math.Max(worst ?? 0, Math.Abs(percent));
                }
            }
        }
        return worst is { } value
            ? FormattableString.Invariant($"{value:0.0} worst, LLMServingSim fitted to the card")
            : null;
    }
}
