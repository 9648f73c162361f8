using System;

namespace Plimsoll.Planning.Validation;

/// <summary>Which statistic of the absolute errors a promise limits.</summary>
public enum ErrorStatistic
{
    Median,
    P90,
    Worst,

    /// <summary>How far from nine of ten the share of points within their 90 % interval lies.</summary>
    Coverage,
}

/// <summary>An error that is promised for one figure of one split.</summary>
/// <param name="Split">Of <see cref="ValidationPoint.Split"/>.</param>
/// <param name="Figure">Of <see cref="ValidationPoint.Figure"/>.</param>
/// <param name="Statistic">Median over points, nine points of ten, or every point.</param>
/// <param name="Percent">At most this.</param>
public sealed record Promise(string Split, string Figure, ErrorStatistic Statistic, double Percent)
{
    /// <summary>Most that the median interval's ends may lie apart, high over low; null for any.</summary>
    public double? MostWidth { get; init; }

    /// <summary>Whether a row keeps it.</summary>
    public bool Holds(ValidationRow row) =>
        Of(row) <= Percent && (MostWidth is not { } most || row.MedianWidth <= most);

    /// <summary>The promised statistic of a row, percent.</summary>
    public double Of(ValidationRow row) => Statistic switch
    {
        ErrorStatistic.Median => row.MedianPercent,
        ErrorStatistic.P90 => row.P90Percent,
        ErrorStatistic.Coverage => Math.Abs((row.CoveragePercent ?? 0) - 90),
        _ => row.WorstPercent,
    };

    /// <summary>The figure that a reader compares with the promise, percent.</summary>
    public double Reached(ValidationRow row) =>
        Statistic == ErrorStatistic.Coverage ? row.CoveragePercent ?? 0 : Of(row);

    /// <summary><c>median ≤ 5 %</c>.</summary>
    public override string ToString() => Statistic == ErrorStatistic.Coverage
        ? FormattableString.Invariant($"{90 - Percent:0.#} to {90 + Percent:0.#} % within")
            + (MostWidth is { } most ? FormattableString.Invariant($", width ≤ {most:0.##}") : "")
        : FormattableString.Invariant($"{Label} ≤ {Percent:0.#} %");

    string Label => Statistic switch
    {
        ErrorStatistic.Median => "median",
        ErrorStatistic.P90 => "p90",
        _ => "every run",
    };
}
