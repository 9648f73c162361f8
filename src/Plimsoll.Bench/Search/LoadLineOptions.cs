namespace Plimsoll.Bench.Search;

/// <summary>How a load line is searched.</summary>
public sealed record LoadLineOptions
{
    /// <summary>Where the climb begins, requests per second.</summary>
    public double StartRate { get; init; } = 1;

    /// <summary>Nothing above is tried.</summary>
    public double MostRate { get; init; } = 10_000;

    /// <summary>The search ends with it, nanoseconds.</summary>
    public long BudgetNs { get; init; } = 900_000_000_000;

    /// <summary>
    /// The search ends sooner once the interval reaches no further than this to either side, relative.
    /// </summary>
    public double Precision { get; init; } = 0.03;
}
