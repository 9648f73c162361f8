using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Fits the multipliers of <see cref="StepScale"/> to measured runs and measured steps. Each round replays
/// every run and splits its figures by term; what is solved then is <see cref="LogLeastSquares"/>.
/// </summary>
public static class ScaleFit
{
    /// <summary>
    /// Steps of one log share their conditions, so together they tell no more than this many runs would.
    /// </summary>
    const double MostWeightOfLog = 200;

    public static ScaleFitResult Fit(IReadOnlyList<Observation> runs, ScaleFitOptions options) =>
        Fit(runs, [], options);

    public static ScaleFitResult Fit(
        IReadOnlyList<Observation> runs, IReadOnlyList<StepLog> logs, ScaleFitOptions options) =>
        LogLeastSquares.Solve(options, scale => Linearise(runs, logs, options, scale));

    static List<LogResidual> Linearise(
        IReadOnlyList<Observation> runs, IReadOnlyList<StepLog> logs, ScaleFitOptions options,
        StepScale scale)
    {
        var replays = new Replay[runs.Count];
        Parallel.For(0, replays.Length, i => replays[i] = Replay.Of(runs[i], scale, withTerms: true));
        var at = LogLeastSquares.Logarithms(scale);
        var residuals = new List<LogResidual>();
        for (var i = 0; i < replays.Length; i++)
        {
            foreach (var (metric, weight) in options.Weights)
            {
                if (runs[i].Measured[metric] is { } measured && replays[i].Predicted[metric] > 0)
                    residuals.Add(new LogResidual(measured, replays[i].Terms(metric), at, weight));
            }
        }
        foreach (var log in logs)
            Linearise(log, scale, at, residuals);
        return residuals;
    }

    static void Linearise(StepLog log, StepScale scale, double[] at, List<LogResidual> residuals)
    {
        var model = log.ModelAt(scale);
        var weight = Math.Min(1, MostWeightOfLog / log.Steps.Count);
        foreach (var step in log.Steps)
            residuals.Add(new LogResidual(step.DurationNs, TermVector.Of(model, step.Shape), at, weight));
    }
}

/// <summary>What a fit found.</summary>
/// <param name="Scale">The multipliers.</param>
/// <param name="Fitted">Terms that the runs identify.</param>
/// <param name="Unidentified">Terms that were asked for and that the runs cannot tell.</param>
public sealed record ScaleFitResult(
    StepScale Scale, IReadOnlyList<StepTerm> Fitted, IReadOnlyList<StepTerm> Unidentified)
{
    /// <summary>
    /// What is known of each fitted term over what was assumed of it; see
    /// <see cref="ScaleFitOptions.LeastGain"/>.
    /// </summary>
    public IReadOnlyList<double> Gains { get; init; } = [];

    /// <summary>What was solved in the last round.</summary>
    internal IReadOnlyList<LogResidual> Residuals { get; init; } = [];
}
