using Plimsoll.Bench.Verdicts;

namespace Plimsoll.Bench.Text;

/// <summary>A figure of two runs, with 95 % intervals where their files hold what they rest on.</summary>
/// <param name="Name">vLLM's key.</param>
/// <param name="First">Of the first run; null where it has none.</param>
/// <param name="Second">Of the second.</param>
public sealed record FigurePair(string Name, double? First, double? Second)
{
    /// <summary>What the runs say where it is a word and no number; null where it is one.</summary>
    public (string? First, string? Second)? Words { get; init; }

    public Interval? FirstInterval { get; init; }

    public Interval? SecondInterval { get; init; }

    /// <summary>Of the second over the first.</summary>
    public double? Ratio => First is { } first && first != 0 ? Second / first : null;

    public Interval? RatioInterval { get; init; }

    /// <summary>Whether the runs may well be the same in it; null where that is not known.</summary>
    public bool? WithinNoise => RatioInterval?.Holds(1);

    /// <summary>The two in no more digits than runs repeat, or in their words.</summary>
    public string FirstText => Words is { } words ? words.First ?? "–" : ResultDiff.Text(First);

    public string SecondText => Words is { } words ? words.Second ?? "–" : ResultDiff.Text(Second);
}
