using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Tasks;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Reports;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// Runs what only the report needs (one sweep of the rate) and gathers everything it shows.
/// </summary>
public sealed class ReportBuilder
{
    /// <summary>Rates of the sweep, as shares of what a replica carries when nobody waits.</summary>
    static readonly double[] Rates = [0.002, 0.02, 0.05, .. Enumerable.Range(1, 20).Select(i => i * 0.05)];

    static readonly double[] TtftLimitsMs =
        [100, 150, 200, 250, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000];
    static readonly double[] TpotLimitsMs = [10, 12.5, 15, 20, 25, 30, 35, 40, 50, 60, 75, 100, 150];
    static readonly double[] Shares = [.. Enumerable.Range(1, 99).Select(i => i / 100.0)];

    readonly AccountOutcome _outcome;
    readonly AccountResult _result;

    readonly List<(double Rate, SimulationResult Run)> _sweep = [];

    ReportBuilder(AccountOutcome outcome)
    {
        _outcome = outcome;
        _result = outcome.Result
            ?? throw new ArgumentException("Only a promise that is kept has a report.", nameof(outcome));
    }

    /// <param name="outcome">An account whose promise is kept.</param>
    /// <param name="command">The command line that reproduces the report.</param>
    /// <param name="version">Of the binary.</param>
    /// <param name="progress">Told how many of <see cref="Runs"/> are done, one thread at a time.</param>
    public static ReportModel Build(
        AccountOutcome outcome, string command, string version, Action<long>? progress = null)
    {
        var builder = new ReportBuilder(outcome);
        builder.Sweep(progress);
        return builder.Build(command, version);
    }

    /// <summary>Simulated runs that a report takes beyond its account's.</summary>
    public static int Runs => Rates.Length + 1;

    ReportModel Build(string command, string version)
    {
        var request = _outcome.Request;
        var interactive = _result.Classes[0];
        var capacity = interactive.Fleet.Replicas * interactive.LoadLine.RequestsPerSecond;
        return new ReportModel
        {
            Account = _result,
            Command = command,
            Version = version,
            DataAsOf = request.Price.AsOf ?? "undated",
            InputHash = HashOf(version),
            Parameters = Parameters(),
            Notes =
            [
                .. _outcome.Notes,
                "cost curves: each limit alone, from one sweep of the rate; the band from every draw's own "
                    + "load line under that limit",
            ],
            CostCurves = [Curve(Metric.Ttft, TtftLimitsMs), Curve(Metric.Tpot, TpotLimitsMs)],
            LoadSweeps = [LoadSweep(interactive)],
            Interactivity = Interactivity(),
            PromisedInteractivity = request.Serving.Limits.FirstOrDefault(l => l.Metric == Metric.Tpot) is
                { LimitNs: > 0 } tpot ? 1e9 / tpot.LimitNs : null,
            Week = new WeekUtilisation
            {
                Shares = [.. request.Serving.Workload.WeeklyEnvelope.Select(
                    h => request.Serving.RequestsPerSecond * h / capacity)],
                Flat = request.Serving.Workload.WeeklyEnvelope.Count == 1,
            },
            Distributions = Distributions(),
            Credits = _outcome.Credits,
            ListPrices = PublicPrices.Of(_outcome),
            Demand = FormattableString.Invariant(
                $"{request.Serving.Workload.Name} at {request.Serving.RequestsPerSecond:0.##} requests/s on ")
                + "average, busiest hour "
                + FormattableString.Invariant(
                $"{FleetSize.PeakOverMean(request.Serving.Workload.WeeklyEnvelope):0.00} times that"),
        };
    }

    void Sweep(Action<long>? progress)
    {
        var (engine, serving) = (_outcome.Engine, _outcome.Request.Serving);
        var glances = new LoadLineSearch(engine, serving, _outcome.Size.Glance());
        var whole = new LoadLineSearch(engine, serving, _outcome.Size);
        var rates = Rates.Select(rate => rate * _outcome.Ceiling).ToList();
        // The load line is a rate of the sweep too, looked at closely: the curve passes through the bill.
        rates.Add(_outcome.LoadLine);
        var runs = new SimulationResult[rates.Count];
        var done = 0;
        Parallel.For(0, runs.Length, i =>
        {
            runs[i] = (i < Rates.Length ? glances : whole).Measure(rates[i] / engine.Ranks);
            lock (runs)
                progress?.Invoke(++done);
        });
        _sweep.AddRange(rates.Zip(runs));
        _sweep.Sort((x, y) => x.Rate.CompareTo(y.Rate));
    }

    LoadSweep LoadSweep(ClassAccount interactive)
    {
        var promise = _outcome.Request.Serving.Limits.ToList();
        var last = _sweep.FindIndex(
            s => s.Run.Holds == false && s.Rate > 1.2 * interactive.LoadLine.RequestsPerSecond);
        var shown = last < 0 ? _sweep : _sweep.Take(last + 1).ToList();
        return new LoadSweep
        {
            Class = interactive.Class,
            Points = [.. shown.Select(s => new LoadSweepPoint(
                s.Rate, [.. promise.Select(l => s.Run.Latencies[l.Metric].PercentileNs(l.Percentile) / 1e6)],
                s.Run.Holds == true))],
            Limits = interactive.Promise,
            LoadLineRequestsPerSecond = interactive.LoadLine.RequestsPerSecond,
            LowRequestsPerSecond = interactive.Bounds.Low.LoadLineRequestsPerSecond,
            HighRequestsPerSecond = interactive.Bounds.High.LoadLineRequestsPerSecond,
        };
    }

    string HashOf(string version)
    {
        var text = version + "\n" + string.Join('\n', Parameters().Select(p => $"{p.Name}={p.Value}"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16];
    }

    List<InteractivityPoint> Interactivity()
    {
        var accelerators = _outcome.Engine.Deployment.Accelerators;
        var points = new List<InteractivityPoint>();
        foreach (var (rate, run) in _sweep)
        {
            if (run.Latencies.Tpot.MeanNs is { } tpotNs && tpotNs > 0)
            {
                points.Add(new InteractivityPoint(
                    rate, 1e9 / tpotNs, run.OutputTokensPerSecond * _outcome.Engine.Ranks / accelerators));
            }
        }
        return points;
    }

    CostCurve Curve(Metric metric, double[] limitsMs)
    {
        var limits = _outcome.Request.Serving.Limits.Where(l => l.Metric == metric).ToList();
        double? promisedMs = limits.Count > 0 ? limits[0].LimitNs / 1e6 : null;
        var percentile = limits.Count > 0 ? limits[0].Percentile : 95;
        return new CostCurve(metric, percentile, promisedMs,
        [
            .. limitsMs.Append(promisedMs ?? limitsMs[0]).Distinct().Order().Select(limit =>
            {
                var line = LineAt(_sweep, metric, percentile, limit);
                var (low, high) = Ends(line, new Limit(metric, percentile, (long)(limit * 1e6)));
                return new CostPoint(limit, Cost(line), Cost(high), Cost(low), line);
            }),
        ]);
    }

    /// <summary>Load lines of a replica under a limit, by quantiles of draws; null for none.</summary>
    (double? Low, double? High) Ends(double? line, Limit limit)
    {
        var ranks = _outcome.Engine.Ranks;
        var (low, high) = DrawQuantiles.Of(line ?? 0, Enumerable.Range(0, DrawnLines.Count)
            .Select(draw => _outcome.Drawn!.LineUnder(draw, limit) * ranks));
        return (low > 0 ? low : null, high > 0 ? high : null);
    }

    /// <summary>
    /// Highest rate of a sweep at which the percentile keeps the limit, between two rates by a straight line.
    /// </summary>
    static double? LineAt(
        List<(double Rate, SimulationResult Run)> sweep, Metric metric, double percentile, double limitMs)
    {
        double? line = null;
        for (var i = 0; i < sweep.Count; i++)
        {
            if (Value(i) is not { } value)
                continue;
            if (value <= limitMs)
            {
                line = sweep[i].Rate;
                continue;
            }
            if (i > 0 && line is not null && Value(i - 1) is { } before && before <= limitMs)
            {
                var share = (limitMs - before) / (value - before);
                line = sweep[i - 1].Rate + share * (sweep[i].Rate - sweep[i - 1].Rate);
            }
            break;
        }
        return line;

        double? Value(int i) => sweep[i].Run.Latencies[metric].PercentileNs(percentile) / 1e6;
    }

    decimal? Cost(double? line)
    {
        if (line is not { } rate)
            return null;
        var request = _outcome.Request;
        var peak = FleetSize.PeakOverMean(request.Serving.Workload.WeeklyEnvelope);
        var replicas = FleetSize.Replicas(request.Serving.RequestsPerSecond * peak, rate)
            + request.SpareReplicas;
        var interactive = _result.Classes[0];
        // The bill is proportional to the replicas that are paid for.
        return PicoDollars.FromUsd(
            interactive.Cost.UsdPerMillionTokens * replicas / interactive.Fleet.Replicas).Usd;
    }

    List<LatencyDistribution> Distributions()
    {
        var distributions = new List<LatencyDistribution>();
        foreach (var metric in new[] { Metric.Ttft, Metric.Tpot, Metric.Itl, Metric.E2e })
        {
            Add(metric, "interactive", _outcome.AtLoadLine);
            Add(metric, "batch", _outcome.BatchRun);
        }
        return distributions;

        void Add(Metric metric, string name, SimulationResult? run)
        {
            if (run is null || run.Latencies[metric].Count == 0)
                return;
            var recorder = run.Latencies[metric];
            distributions.Add(new LatencyDistribution(metric, name,
                [.. Shares.Where(s => recorder.PercentileNs(100 * s) is not null)
                    .Select(s => new DistributionPoint(recorder.PercentileNs(100 * s)!.Value / 1e6, s))]));
        }
    }

    List<ReportParameter> Parameters()
    {
        var request = _outcome.Request;
        var d = _outcome.Engine.Deployment;
        string N(double value, string format = "0.####") =>
            value.ToString(format, CultureInfo.InvariantCulture);
        return
        [
            new("model", d.Model.Name, ""),
            new("parameters", N(d.Model.Parameters / 1e9, "0.00"), "10⁹"),
            new("accelerator", d.Accelerator.Name, ""),
            new("tp × pp × dp, ep",
                $"{d.TensorParallel} × {d.PipelineParallel} × {d.DataParallel}, {d.ExpertParallel}", ""),
            new("weights, KV", $"{d.Weights.Name()}, {d.Kv.Name()}", ""),
            new("engine, policy", $"{d.Engine.Engine}, {request.Serving.Policy.Name}", ""),
            new("max-num-seqs", N(d.Engine.MaxNumSeqs), "sequences"),
            new("max-num-batched-tokens", N(d.Engine.MaxNumBatchedTokens), "tokens"),
            new("block-size", N(d.Engine.BlockSize), "tokens"),
            new("KV blocks per engine rank", N(_outcome.Engine.Memory.Blocks), "blocks"),
            new("gpu-memory-utilization", N(d.Engine.GpuMemoryUtilization), "share"),
            new("long-prefill-token-threshold", N(d.Engine.LongPrefillTokenThreshold), "tokens, 0: none"),
            new("prefix cache", d.Engine.EnablePrefixCaching ? "on" : "off", ""),
            new("promise", string.Join(", ", request.Serving.Limits.Select(PromiseText.Of)), ""),
            new("price", N((double)request.Price.UsdPerHour), "USD per accelerator-hour"),
            new("workload", request.Serving.Workload.Name, ""),
            new("mean demand", N(request.Serving.RequestsPerSecond), "requests/s"),
            new("busiest hour", N(FleetSize.PeakOverMean(request.Serving.Workload.WeeklyEnvelope)), "× mean"),
            new("spare replicas", N(request.SpareReplicas), "replicas"),
            new("batch window", N(request.BatchWindowNs / 3.6e12), "h"),
            new("requests per probe", $"{_outcome.Size.Streams} × {N(_outcome.Size.Requests)}", "requests"),
            new("seed", request.Serving.Seed.ToString(CultureInfo.InvariantCulture), ""),
        ];
    }
}
