using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// What <c>calibrate</c> makes of an accelerator nobody measured: a fit to a few runs of a group, and the
/// error on all the others.
/// </summary>
public static class NewCard
{
    /// <summary>What one calibration is of: model, accelerator, engine, weights and parallelism.</summary>
    public static string GroupOf(Observation run)
    {
        var d = run.Deployment;
        return FormattableString.Invariant(
            $"{d.Model.Name}, {d.Accelerator.Key}, {d.Engine.Engine} {d.Engine.EngineVersion}, ")
            + FormattableString.Invariant($"{d.Weights.Name()}, tp {d.TensorParallel}");
    }

    /// <summary>One run that was not fitted to.</summary>
    /// <param name="Run">Which.</param>
    /// <param name="UnfittedPercent">Signed error of the prediction without the fit.</param>
    /// <param name="Percent">Signed error with it.</param>
    public sealed record Prediction(Observation Run, double UnfittedPercent, double Percent);

    /// <summary>
    /// Fits to the runs that are chosen and predicts the time per output token of the rest. The chosen ones,
    /// and repeats of their configuration, are not among the predictions.
    /// </summary>
    /// <param name="group">Runs of one model on one accelerator under one engine.</param>
    /// <param name="chosen">Which of them are fitted to.</param>
    public static IReadOnlyList<Prediction> Predict(
        IReadOnlyList<Observation> group, IReadOnlyList<int> chosen)
    {
        var known = chosen.Select(i => group[i]).ToList();
        var scale = Fit(known);
        var rest = group
            .Where(run => run.Measured.TpotMs is not null && !known.Exists(k => k.Name == run.Name))
            .Select(run => run with { Measured = new LatencyFigures { TpotMs = run.Measured.TpotMs } })
            .ToList();
        var unfitted = FigureError.Of(Configurations(rest), StepScale.None);
        var fitted = FigureError.Of(Configurations(rest), scale);
        var predictions = new List<Prediction>();
        for (var i = 0; i < rest.Count; i++)
            predictions.Add(new Prediction(rest[i], SignedPercent(unfitted[i]), SignedPercent(fitted[i])));
        return predictions;
    }

    /// <summary>The multipliers that <c>calibrate</c> finds from a few runs.</summary>
    public static StepScale Fit(IReadOnlyList<Observation> known)
    {
        var configurations = Configurations(known);
        return CrossValidation.Fit(
            configurations, Identification.Options(known[0].Deployment, configurations)).Scale;
    }

    static double SignedPercent(FigureError error) => 100 * (Math.Exp(-error.Log) - 1);

    static IReadOnlyList<Configuration> Configurations(IReadOnlyList<Observation> runs) =>
        [.. runs.Select(run => new Configuration { Key = run.Name, Runs = [run] })];
}
