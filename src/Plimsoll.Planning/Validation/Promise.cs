namespace Plimsoll.Planning.Validation;

/// <summary>Which statistic of the absolute errors a promise limits.</summary>
public enum ErrorStatistic
{
    Median,
    Worst,
}

/// <summary>An error that is promised for one figure of one split.</summary>
/// <param name="Split">Of <see cref="ValidationPoint.Split"/>.</param>
/// <param name="Figure">Of <see cref="ValidationPoint.Figure"/>.</param>
/// <param name="Statistic">Median over points, or every point.</param>
/// <param name="Percent">At most this.</param>
public sealed record Promise(string Split, string Figure, ErrorStatistic Statistic, double Percent);
