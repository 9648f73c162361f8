using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Text;

/// <summary>Figures of one run drawn again and again from its requests, by vLLM's keys.</summary>
sealed class FigureDraws
{
    /// <summary>Stretches of the run whose throughput is drawn.</summary>
    const int Stretches = 50;

    static readonly double[] Percentiles = [50, .. LatencyReport.UsualPercentiles.Where(p => p != 50)];

    readonly Dictionary<string, IReadOnlyList<double>> _draws = new(StringComparer.Ordinal);

    public FigureDraws(ComparedRun run, ulong seed)
    {
        // Several levels have no common percentile, and their results state none.
        if (run.Served.Count == 0 || run.Result is not { Levels.Count: 1, DurationS: > 0 })
            return;
        Latency(run, Metric.Ttft, seed, r => r.FirstTokenNs - r.ScheduledNs);
        Latency(run, Metric.E2e, seed, r => r.LastTokenNs - r.ScheduledNs);
        Latency(run, Metric.Tpot, seed, r => r.OutputTokens < 2 ? null
            : (double)(r.LastTokenNs - r.FirstTokenNs) / (r.OutputTokens - 1));
        Throughput(run, "request_throughput", seed, _ => 1);
        Throughput(run, "output_throughput", seed, r => r.OutputTokens);
        Throughput(run, "total_token_throughput", seed, r => r.PromptTokens + r.OutputTokens);
        if (run.Figures.TryGetValue(ResultFigures.Usd, out var usd)
            && run.Figures.TryGetValue("total_token_throughput", out var rate)
            && Of("total_token_throughput") is { } rates)
        {
            _draws[ResultFigures.Usd] = [.. rates.Select(drawn => usd * rate / drawn)];
        }
    }

    /// <summary>Null for a figure that its requests do not tell.</summary>
    public IReadOnlyList<double>? Of(string figure) => _draws.GetValueOrDefault(figure);

    void Latency(ComparedRun run, Metric metric, ulong seed, Func<RequestRecord, double?> of)
    {
        var samples = run.Served.Select(of).OfType<double>().Select(ns => ns / 1e6).ToList();
        if (BlockBootstrap.Of(samples, Percentiles, seed) is not { } draws)
            return;
        var name = VllmMetrics.All.NameOf(metric);
        _draws[$"mean_{name}_ms"] = draws.Means;
        foreach (var percentile in Percentiles)
        {
            if (draws.At(percentile) is { } drawn)
                _draws[percentile == 50 ? $"median_{name}_ms" : $"p{percentile:0}_{name}_ms"] = drawn;
        }
    }

    /// <summary>The run's own figure, scattered as its stretches scatter around their mean.</summary>
    void Throughput(ComparedRun run, string name, ulong seed, Func<RequestRecord, double> of)
    {
        if (!run.Figures.TryGetValue(name, out var figure) || figure <= 0
            || run.Result is { StartsUnknown: true })
        {
            return;
        }
        var (from, to) = (run.Served.Min(r => r.ScheduledNs), run.Served.Max(r => r.EndNs));
        var stretches = new double[Stretches];
        foreach (var record in run.Served)
        {
            var at = (record.EndNs - from) / (double)Math.Max(1, to - from);
            stretches[Math.Clamp((int)(at * Stretches), 0, Stretches - 1)] += of(record);
        }
        if (run.Served.Count < 2 * Stretches || BlockBootstrap.Of(stretches, [], seed) is not { } draws)
            return;
        var mean = stretches.Average();
        _draws[name] = [.. draws.Means.Select(drawn => Math.Max(1e-9, figure * drawn / mean))];
    }
}
