using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// Runs of several models under a few engines and cards, predicted twice: by the tier's own step times, and
/// with multipliers fitted to the same engine's runs of other models.
/// </summary>
public sealed class ReplayedSet : IValidationSet
{
    const string Unfitted = "nothing fitted";
    const string Fitted = "fitted to other models";

    /// <summary>Models are left out a third at a time.</summary>
    const int Folds = 3;

    readonly string _title;
    readonly Func<string, DropTally, IReadOnlyList<Observation>> _read;
    readonly IReadOnlyList<string> _assumed;
    readonly Metric[] _metrics;

    ReplayedSet(
        string name, string source, string title, Func<string, DropTally, IReadOnlyList<Observation>> read,
        IReadOnlyList<string> assumed, params Metric[] metrics)
    {
        (Name, Source, _title, _read, _assumed, _metrics) = (name, source, title, read, assumed, metrics);
    }

    /// <summary>Latency against offered load.</summary>
    public static ReplayedSet LoadSweep { get; } = new(
        "load-sweep", "measured/measured-cost-vs-load-h100-a100.csv",
        "Latency against offered load, vLLM 0.19 and SGLang 0.5.10 on H100",
        (file, dropped) => LoadSweepRuns.Read(file, "H100", dropped), LoadSweepRuns.Assumed,
        Metric.Tpot, Metric.Ttft);

    /// <summary>Inter-token latency against batch.</summary>
    public static ReplayedSet BatchLatency { get; } = new(
        "batch-latency", "measured/ml-energy-batch-latency-power.csv",
        "ML.ENERGY: inter-token latency against batch, vLLM 0.11 on H100 and B200", BatchLatencyRuns.Read,
        BatchLatencyRuns.Assumed, Metric.Itl);

    public string Name { get; }

    public string Source { get; }

    public SetReport Run(string folder, Action<double> progress)
    {
        var dropped = new DropTally();
        var groups = _read(Path.Combine(folder, Source), dropped)
            .GroupBy(Group).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var points = new List<ValidationPoint>();
        for (var i = 0; i < groups.Count; i++)
        {
            Add(HeldOut.Predict([], [.. groups[i]], plan: null), $"{groups[i].Key}, {Unfitted}", points);
            AddFolds([.. groups[i]], $"{groups[i].Key}, {Fitted}", points);
            progress((i + 1.0) / groups.Count);
        }
        return new SetReport
        {
            Name = Name,
            Title = _title,
            Source = Source,
            Fitted = $"per engine and card, to the models that are not predicted: "
            + $"{FitPlan.TermsOf(FitPlan.OtherModels)}; or nothing",
            HeldOut = "whole models, a third of them at a time",
            Assumed = _assumed,
            Dropped = dropped,
            Points = points,
            Rows = SetReport.Summarise(points, []),
        };
    }

    void AddFolds(IReadOnlyList<Observation> runs, string split, List<ValidationPoint> points)
    {
        var models = runs.Select(ModelOf).Distinct().ToList();
        for (var fold = 0; fold < Math.Min(Folds, models.Count); fold++)
        {
            var tested = models.Where((_, i) => i % Folds == fold).ToHashSet();
            var fit = runs.Where(r => !tested.Contains(ModelOf(r))).ToList();
            if (fit.Count > 0)
            {
                Add(HeldOut.Predict(fit, [.. runs.Where(r => tested.Contains(ModelOf(r)))],
                    FitPlan.OtherModels), split, points);
            }
        }
    }

    void Add(IReadOnlyList<HeldOutRun> runs, string split, List<ValidationPoint> points)
    {
        foreach (var run in runs)
            points.AddRange(run.Points(split, Configuration(run.Observation.Deployment), _metrics));
    }

    static string ModelOf(Observation run) => run.Deployment.Model.Name;

    static string Group(Observation run)
    {
        var d = run.Deployment;
        return $"{(d.Model.FeedForward.MoeLayers > 0 ? "experts" : "dense")}, {d.Engine.Engine}, "
            + $"{d.Accelerator.Key}";
    }

    static string Configuration(Deployment d) =>
        $"{d.Model.Name}, {d.Accelerator.Key}, {d.Engine.Engine}, {d.Weights.Name()}, tp{d.TensorParallel} "
        + $"ep{d.ExpertParallel}";
}
