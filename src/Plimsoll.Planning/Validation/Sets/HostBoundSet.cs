using System;
using System.IO;
using System.Linq;
using MathNet.Numerics.Statistics;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// An engine that is none of the known ones and is bound by its host: fitted to the requests of one load, as
/// <c>plimsoll calibrate --engine other</c> does, and tested on the other's.
/// </summary>
public sealed class HostBoundSet : IValidationSet
{
    const string Split = "fit 8 requests/s, test 16 requests/s";

    const string Fitted = "kv-050";

    public string Name => "host-bound";

    public string Source => "measured/h200-own-2026-11/transformers-engine";

    public SetReport Run(string folder, Action<double> progress)
    {
        var runs = MeasuredRun.Of(
            Path.Combine(folder, Source), "h200_sxm", "other", blocks: 900, blockSize: 256);
        var fit = runs.Where(r => r.Name == Fitted).Select(Observed).ToList();
        var test = runs.Where(r => r.Name != Fitted).Select(Observed).ToList();
        var points = HeldOut.Predict(fit, test, FitPlan.HostBound)
            .SelectMany(run => run.Points(Split, run.Observation.Name, Metric.Ttft, Metric.Tpot)).ToList();
        progress(1);
        return new SetReport
        {
            Name = Name,
            Title = "A host-bound engine of another name: Hugging Face's continuous batching on one H200",
            Source = Source,
            Fitted = $"to the lighter load: {FitPlan.TermsOf(FitPlan.HostBound)}",
            HeldOut = "the heavier load",
            Assumed =
            [
                "the constants of the engine `other` were read off the lighter load's step log",
                "times are the engine's own, from arrival; the promptest request ties its two clocks",
            ],
            Points = points,
            Rows = SetReport.Summarise(points,
            [
                new Promise(Split, "TPOT mean", ErrorStatistic.Worst, 6),
                new Promise(Split, "TTFT mean", ErrorStatistic.Worst, 12),
            ]),
        };
    }

    static Observation Observed(MeasuredRun run) => new()
    {
        Name = run.Name,
        Deployment = run.Deployment,
        Load = new ReplayedLoad(run.Arrivals),
        Measured = new LatencyFigures { TtftMs = run.TtftNs.Mean() / 1e6, TpotMs = run.TpotNs.Mean() / 1e6 },
        EngineClock = true,
    };
}
