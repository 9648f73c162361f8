using System;

namespace Plimsoll.Core.Measures;

/// <summary>
/// How many gaps between tokens exceeded each limit of ITL that a level has, in the level's order of limits.
/// </summary>
public readonly record struct LateGaps(int First, int Second, int Third, int Fourth)
{
    /// <summary>Limits of ITL that one level may have.</summary>
    public const int Most = 4;

    public int this[int limit] => limit switch
    {
        0 => First,
        1 => Second,
        2 => Third,
        3 => Fourth,
        _ => throw new ArgumentOutOfRangeException(nameof(limit), limit, null),
    };

    /// <summary>Gaps of one length: late where it exceeds the limit.</summary>
    /// <param name="limitsNs">Limits of ITL, at most <see cref="Most"/>.</param>
    /// <param name="gapNs">Their length.</param>
    /// <param name="gaps">How many.</param>
    public static LateGaps Of(ReadOnlySpan<long> limitsNs, long gapNs, int gaps) => new(
        Count(limitsNs, 0, gapNs, gaps), Count(limitsNs, 1, gapNs, gaps),
        Count(limitsNs, 2, gapNs, gaps), Count(limitsNs, 3, gapNs, gaps));

    public static LateGaps operator +(LateGaps a, LateGaps b) =>
        new(a.First + b.First, a.Second + b.Second, a.Third + b.Third, a.Fourth + b.Fourth);

    public static LateGaps operator -(LateGaps a, LateGaps b) =>
        new(a.First - b.First, a.Second - b.Second, a.Third - b.Third, a.Fourth - b.Fourth);

    static int Count(ReadOnlySpan<long> limitsNs, int limit, long gapNs, int gaps) =>
        limit < limitsNs.Length && gapNs > limitsNs[limit] ? gaps : 0;
}
