using System;
using Plimsoll.Bench.Search;

namespace Plimsoll.Bench.Text;

/// <summary>The interval of a load line in words; a side that was not measured is open.</summary>
public static class LineWords
{
    public static string Interval(LoadLineEstimate line) => (line.Low, line.High) switch
    {
        ({ } low, { } high) => FormattableString.Invariant($"95 % interval {low:0.00} – {high:0.00}"),
        ({ } low, null) => FormattableString.Invariant(
            $"95 % interval from {low:0.00}, open above: not measured beyond {line.MeasuredTo:0.00}"),
        (null, { } high) => FormattableString.Invariant(
            $"95 % interval up to {high:0.00}, open below: not measured under {line.MeasuredFrom:0.00}"),
        _ => FormattableString.Invariant($"no interval: it reaches beyond the rates that were measured, ")
            + FormattableString.Invariant($"{line.MeasuredFrom:0.00} – {line.MeasuredTo:0.00}"),
    };

    /// <summary>What is above a rate that is known to keep the promise.</summary>
    public static string AtLeast(LoadLineEstimate line) => line.BrokenAt is { } broken
        ? FormattableString.Invariant($"a limit broke at {broken:0.00}, and too little was measured between")
        : FormattableString.Invariant(
            $"no limit broke, and nothing was measured above {line.MeasuredTo:0.00}");
}
