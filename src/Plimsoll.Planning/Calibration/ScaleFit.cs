using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// Fits the multipliers of <see cref="StepScale"/> to measured runs and measured steps. Each round replays every
/// run and splits its figures by term; what is solved then is <see cref="LogLeastSquares"/>.
/// </summary>
public static class ScaleFit
{
    public static ScaleFitResult Fit(IReadOnlyList<Observation> runs, ScaleFitOptions options) =>
        Fit(runs, [], options);

    public static ScaleFitResult Fit(
        IReadOnlyList<Observation> runs, IReadOnlyList<StepLog> logs, ScaleFitOptions options) =>
        LogLeastSquares.Solve(options, scale => Linearise(runs, logs, options, scale));

    static List<LogResidual> Linearise(
        IReadOnlyList<Observation> runs, IReadOnlyList<StepLog> logs, ScaleFitOptions options, StepScale scale)
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
            log.Linearise(scale, at, residuals);
        return residuals;
    }
}

/// <summary>What a fit found.</summary>
/// <param name="Scale">The multipliers.</param>
/// <param name="Fitted">Terms that the runs identify.</param>
/// <param name="Unidentified">Terms that were asked for and that the runs cannot tell.</param>
public sealed record ScaleFitResult(
    StepScale Scale, IReadOnlyList<StepTerm> Fitted, IReadOnlyList<StepTerm> Unidentified)
{
    /// <summary>What is known of each fitted term over what was assumed of it; see <see cref="ScaleFitOptions.LeastGain"/>.</summary>
    public IReadOnlyList<double> Gains { get; init; } = [];

    /// <summary>What was solved in the last round.</summary>
    internal IReadOnlyList<LogResidual> Residuals { get; init; } = [];
}
