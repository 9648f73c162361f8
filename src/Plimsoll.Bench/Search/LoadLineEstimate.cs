using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Search;

/// <summary>
/// The highest rate at which a promise holds, as far as it is known. Rates are requests per second.
/// </summary>
/// <param name="Outcome">What is known.</param>
/// <param name="Rate">The line; of <see cref="LineOutcome.AtLeast"/> the highest rate that
/// kept the promise.</param>
/// <param name="Low">Lower end of the 95 % interval; null unless the line was found.</param>
/// <param name="High">Upper end of the 95 % interval; null unless the line was found.</param>
/// <param name="Binding">The limit that is broken first; null when none is.</param>
/// <param name="Windows">Stretches of steady rate that it rests on.</param>
/// <param name="Requests">Requests of the whole search.</param>
/// <param name="TookS">How long the search took, seconds.</param>
public sealed record LoadLineEstimate(
    LineOutcome Outcome, double? Rate, double? Low, double? High, Limit? Binding, int Windows, long Requests,
    double TookS);

public enum LineOutcome
{
    Found,

    /// <summary>No rate that was tried breaks a limit.</summary>
    AtLeast,

    /// <summary>The lowest rate that was tried breaks a limit.</summary>
    Nowhere,

    /// <summary>The time was too short for answers as long as these.</summary>
    Unsettled,
}
