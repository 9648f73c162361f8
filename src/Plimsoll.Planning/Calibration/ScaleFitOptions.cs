using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>What may be fitted, to which figures, and how far it may go.</summary>
public sealed record ScaleFitOptions
{
    /// <summary>Where the multipliers start and where the ridge pulls them.</summary>
    public StepScale Start { get; init; } = StepScale.None;

    public required IReadOnlyList<StepTerm> Terms { get; init; }

    /// <summary>Figures that count, and how much.</summary>
    public IReadOnlyList<(Metric Metric, double Weight)> Weights { get; init; } =
        [(Metric.Ttft, 0.25), (Metric.Tpot, 1), (Metric.Itl, 1), (Metric.E2e, 0.25)];

    /// <summary>
    /// Multiplies every <see cref="SpreadOf"/>: below 1 the fit stays nearer to where it starts.
    /// </summary>
    public double Spread { get; init; } = 1;

    /// <summary>
    /// The ridge: how far, in the logarithm, a multiplier is expected to lie from its start. Kernels are
    /// measured, host times are not.
    /// </summary>
    public double SpreadOf(StepTerm term) => Spread * (term.IsHost() ? 1.0 : 0.3);

    /// <summary>
    /// Terms are fitted of which this many times more is known than the ridge says: at 2 the data tell as
    /// much as the ridge does, nearer to 1 the ridge may hold a multiplier that they tell little of.
    /// </summary>
    public double LeastGain { get; init; } = 2;
}
