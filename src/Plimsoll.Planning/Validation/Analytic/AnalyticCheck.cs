using System;

namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>One figure of the simulator beside what queueing theory or physics says it must be.</summary>
/// <param name="Name">The theorem: <c>M/D/1 mean wait</c>, ….</param>
/// <param name="Setup">What was simulated, and how often.</param>
/// <param name="Unit">Of all three figures.</param>
/// <param name="Theory">What must come out.</param>
/// <param name="Measured">What came out.</param>
/// <param name="StandardError">Of <paramref name="Measured"/>, from independent replications; 0 where
/// nothing is random and <paramref name="Tolerance"/> alone decides.</param>
/// <param name="Tolerance">How far the mapping onto the theory itself may be off, relative; null
/// for any distance.</param>
/// <param name="LowerBound">Theory is a bound that may not be undercut at all.</param>
public sealed record AnalyticCheck(
    string Name, string Setup, string Unit, double Theory, double Measured, double StandardError,
    double? Tolerance = 0, bool LowerBound = false)
{
    /// <summary>
    /// Standard errors that a figure may lie from theory: 1 run in 200 of a right simulator exceeds it.
    /// </summary>
    public const double MostStandardErrors = 3;

    /// <summary>Distance from theory in standard errors; null where nothing is random.</summary>
    public double? Z => StandardError > 0 ? (Measured - Theory) / StandardError : null;

    public bool Holds => (!LowerBound || Measured >= Theory)
        && (Tolerance is null
            || Math.Abs(Measured - Theory) <= Tolerance * Theory + MostStandardErrors * StandardError);
}
