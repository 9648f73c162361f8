using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Search;

/// <summary>
/// The highest rate at which a promise holds, as far as it is known. Rates are requests per second.
/// </summary>
/// <param name="Outcome">What is known.</param>
/// <param name="Rate">The line; of <see cref="LineOutcome.AtLeast"/> the highest rate that
/// kept the promise.</param>
/// <param name="Low">Lower end of the 95 % interval; null unless the line was found, and where the end lies
/// below every rate that was measured.</param>
/// <param name="High">Upper end of the 95 % interval; null unless the line was found, and where the end lies
/// above every rate that was measured: the interval is then open.</param>
/// <param name="Binding">The limit that is broken first; null when none is.</param>
/// <param name="Windows">Stretches of steady rate that it rests on.</param>
/// <param name="Requests">Requests of the whole search.</param>
/// <param name="TookS">How long the search took, seconds.</param>
public sealed record LoadLineEstimate(
    LineOutcome Outcome, double? Rate, double? Low, double? High, Limit? Binding, int Windows, long Requests,
    double TookS)
{
    /// <summary>The lowest rate with requests enough to say anything; null without one.</summary>
    public double? MeasuredFrom { get; init; }

    public double? MeasuredTo { get; init; }

    /// <summary>The lowest rate that broke a limit; null when none did.</summary>
    public double? BrokenAt { get; init; }
}

public enum LineOutcome
{
    Found,

    /// <summary>
    /// The promise was kept up to a rate, and how far above the line lies was not measured.
    /// </summary>
    AtLeast,

    /// <summary>The lowest rate that was tried breaks a limit.</summary>
    Nowhere,

    /// <summary>The time was too short for answers as long as these, or the requests too few.</summary>
    Unsettled,
}
