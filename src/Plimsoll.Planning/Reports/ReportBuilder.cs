using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Reports;

/// <summary>Runs what only the report needs (one sweep of the rate) and gathers everything it shows.</summary>
public sealed class ReportBuilder
{
    /// <summary>Rates of the sweep, as shares of what a replica carries when nobody waits.</summary>
    static readonly double[] Rates = [0.002, 0.02, 0.05, .. Enumerable.Range(1, 20).Select(i => i * 0.05)];

    static readonly double[] TtftLimitsMs = [100, 150, 200, 250, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000];
    static readonly double[] TpotLimitsMs = [10, 12.5, 15, 20, 25, 30, 35, 40, 50, 60, 75, 100, 150];
    static readonly double[] Shares = [.. Enumerable.Range(1, 99).Select(i => i / 100.0)];

    readonly AccountOutcome _outcome;
    readonly AccountResult _result;
    readonly List<(double Rate, SimulationResult Run)> _sweep = [];

    ReportBuilder(AccountOutcome outcome)
    {
        _outcome = outcome;
        _result = outcome.Result ?? throw new ArgumentException("Only a promise that is kept has a report.", nameof(outcome));
    }

    /// <param name="outcome">An account whose promise is kept.</param>
    /// <param name="command">The command line that reproduces the report.</param>
    /// <param name="version">Of the binary.</param>
    public static ReportModel Build(AccountOutcome outcome, string command, string version) =>
        new ReportBuilder(outcome).Build(command, version);

    ReportModel Build(string command, string version)
    {
        Sweep();
        var request = _outcome.Request;
        var interactive = _result.Classes[0];
        var prices = ApiPrices();
        var capacity = interactive.Fleet.Replicas * interactive.LoadLine.RequestsPerSecond;
        return new ReportModel
        {
            Account = _result,
            Command = command,
            Version = version,
            Parameters = Parameters(),
            Notes =
            [
                .. _outcome.Notes,
                "cost curves: each limit alone, from one sweep of the rate; the band scales step times by the tier's error",
            ],
            CostAgainstTtft = Curve(Metric.Ttft, TtftLimitsMs),
            CostAgainstTpot = Curve(Metric.Tpot, TpotLimitsMs),
            LoadSweeps = [LoadSweep(interactive)],
            Week = new WeekUtilisation
            {
                Shares = [.. request.Workload.WeeklyEnvelope.Select(h => request.RequestsPerSecond * h / capacity)],
                Flat = request.Workload.WeeklyEnvelope.Count == 1,
            },
            Distributions = Distributions(),
            Credits = [.. _outcome.Credits.Select(c => new CreditStatement(c.Name, c.UsdPerMillionTokens, c.Explanation))],
            ApiPrices = prices,
            BreakEvenUsdPerGpuHour = BreakEven(prices),
        };
    }

    void Sweep()
    {
        var request = _outcome.Request;
        var search = new LoadLineSearch(_outcome.Engine, request.Workload, request.Promise, request.Requests, request.Seed);
        var runs = new SimulationResult[Rates.Length];
        var ranks = _outcome.Engine.Ranks;
        Parallel.For(0, Rates.Length, i => runs[i] = search.Measure(Rates[i] * _outcome.Ceiling / ranks));
        for (var i = 0; i < Rates.Length; i++)
            _sweep.Add((Rates[i] * _outcome.Ceiling, runs[i]));
    }

    LoadSweep LoadSweep(ClassAccount interactive)
    {
        var last = _sweep.FindIndex(s => s.Run.Holds == false && s.Rate > 1.2 * interactive.LoadLine.RequestsPerSecond);
        var shown = last < 0 ? _sweep : _sweep.Take(last + 1).ToList();
        return new LoadSweep
        {
            Class = interactive.Class,
            Points = [.. shown.Select(s => new LoadSweepPoint(
                s.Rate, s.Run.Latencies.Ttft.PercentileNs(95) / 1e6, s.Run.Latencies.Tpot.PercentileNs(95) / 1e6,
                s.Run.Holds == true))],
            Limits = interactive.Promise,
            LoadLineRequestsPerSecond = interactive.LoadLine.RequestsPerSecond,
        };
    }

    List<CostPoint> Curve(Metric metric, double[] limitsMs)
    {
        var error = _outcome.Engine.StepTime;
        var promised = _outcome.Request.Promise.Where(l => l.Metric == metric).Select(l => l.LimitNs / 1e6);
        return [.. limitsMs.Concat(promised).Distinct().Order().Select(limit =>
        {
            var line = LineAt(metric, limit, 1);
            return new CostPoint(
                limit, Cost(line), Cost(LineAt(metric, limit, error.ErrorLow)),
                Cost(LineAt(metric, limit, error.ErrorHigh)), line);
        })];
    }

    /// <summary>
    /// Highest rate of the sweep at which the p95 keeps the limit, between two rates by a straight line.
    /// Steps slower by a factor stretch time: latencies times the factor, rates over it.
    /// </summary>
    double? LineAt(Metric metric, double limitMs, double factor)
    {
        double? line = null;
        for (var i = 0; i < _sweep.Count; i++)
        {
            if (Value(i) is not { } value)
                continue;
            if (value <= limitMs)
            {
                line = _sweep[i].Rate / factor;
                continue;
            }
            if (i > 0 && line is not null && Value(i - 1) is { } before && before <= limitMs)
            {
                var share = (limitMs - before) / (value - before);
                line = (_sweep[i - 1].Rate + share * (_sweep[i].Rate - _sweep[i - 1].Rate)) / factor;
            }
            break;
        }
        return line;

        double? Value(int i) => _sweep[i].Run.Latencies[metric].PercentileNs(95) / 1e6 * factor;
    }

    decimal? Cost(double? line)
    {
        if (line is not { } rate)
            return null;
        var request = _outcome.Request;
        var peak = FleetSize.PeakOverMean(request.Workload.WeeklyEnvelope);
        var replicas = FleetSize.Replicas(request.RequestsPerSecond * peak, rate) + request.SpareReplicas;
        var interactive = _result.Classes[0];
        // The bill is proportional to the replicas that are paid for.
        return PicoDollars.FromUsd(interactive.Cost.UsdPerMillionTokens * replicas / interactive.Fleet.Replicas).Usd;
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

    List<ApiPrice> ApiPrices() =>
    [
        .. Catalogue.BuiltIn.ApiPrices.Where(p => p.Model == _result.Statement.Model)
            .OrderBy(p => Blend(p.InputUsd, p.OutputUsd)).ThenBy(p => p.Provider, StringComparer.Ordinal)
            .Select(p => new ApiPrice(p.Provider, p.InputUsd, p.OutputUsd, p.AsOf, p.Source)),
    ];

    decimal? BreakEven(List<ApiPrice> prices)
    {
        var paid = prices.Where(p => p.InputUsdPerMillion > 0).ToList();
        return paid.Count == 0 ? null : decimal.Round(
            _outcome.Request.Price.UsdPerHour * Blend(paid[0].InputUsdPerMillion, paid[0].OutputUsdPerMillion)
                / _result.Classes[0].Cost.UsdPerMillionTokens, 4);
    }

    /// <summary>A list price per million tokens of this workload's own mix.</summary>
    decimal Blend(decimal input, decimal output)
    {
        var run = _outcome.AtLoadLine!;
        return (input * run.PromptTokens + output * run.OutputTokens) / (run.PromptTokens + run.OutputTokens);
    }

    List<ReportParameter> Parameters()
    {
        var request = _outcome.Request;
        var d = _outcome.Engine.Deployment;
        string N(double value, string format = "0.####") => value.ToString(format, CultureInfo.InvariantCulture);
        return
        [
            new("model", d.Model.Name, ""),
            new("parameters", N(d.Model.Parameters / 1e9, "0.00"), "10⁹"),
            new("accelerator", d.Accelerator.Name, ""),
            new("tp × pp × dp, ep", $"{d.TensorParallel} × {d.PipelineParallel} × {d.DataParallel}, {d.ExpertParallel}", ""),
            new("weights, KV", $"{d.Weights.Name()}, {d.Kv.Name()}", ""),
            new("engine, policy", $"{d.Engine.Engine}, {request.Policy.Name}", ""),
            new("max-num-seqs", N(d.Engine.MaxNumSeqs), "sequences"),
            new("max-num-batched-tokens", N(d.Engine.MaxNumBatchedTokens), "tokens"),
            new("block-size", N(d.Engine.BlockSize), "tokens"),
            new("KV blocks per engine rank", N(_outcome.Engine.Memory.Blocks), "blocks"),
            new("gpu-memory-utilization", N(d.Engine.GpuMemoryUtilization), "share"),
            new("workload", request.Workload.Name, ""),
            new("mean demand", N(request.RequestsPerSecond), "requests/s"),
            new("busiest hour", N(FleetSize.PeakOverMean(request.Workload.WeeklyEnvelope)), "× mean"),
            new("spare replicas", N(request.SpareReplicas), "replicas"),
            new("batch window", N(request.BatchWindowNs / 3.6e12), "h"),
            new("requests per run", N(request.Requests), "requests"),
            new("seed", request.Seed.ToString(CultureInfo.InvariantCulture), ""),
        ];
    }
}
