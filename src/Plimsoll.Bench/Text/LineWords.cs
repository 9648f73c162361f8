using System;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
using Plimsoll.Core.Promises;

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

    /// <summary>What a search found, and what that rests on.</summary>
    public static string Found(LoadLineEstimate line, BenchResult result)
    {
        var found = line.Outcome switch
        {
            LineOutcome.Found => FormattableString.Invariant($"load line {line.Rate:0.00} requests/s, ")
                + $"{Interval(line)}, bound by {PromiseText.Of(line.Binding!.Value)}",
            LineOutcome.AtLeast => FormattableString.Invariant(
                $"load line at least {line.Rate:0.00} requests/s: ") + AtLeast(line),
            LineOutcome.Nowhere => $"no load line: {PromiseText.Of(line.Binding!.Value)} breaks at the "
                + "lowest rate that was tried" + Failures(result),
            _ => "load line not found: the time was too short, or the requests too few; "
                + "expected a longer search" + Failures(result),
        };
        return $"{found}; from {Plural.Of(line.Windows, "stretch", "es")} of steady rate around it, "
            + FormattableString.Invariant(
                $"{Plural.Of(line.Requests, "request")} in all, {line.TookS:0} s");
    }

    /// <summary>An endpoint that went away breaks every limit, and no load is to blame.</summary>
    static string Failures(BenchResult result) => result.Levels[0].Failures is [var first, ..]
        ? FormattableString.Invariant($", where {result.Failed:N0} of the requests failed ({first.Kind}: ")
            + $"{first.Example})"
        : "";

    /// <summary>What is above a rate that is known to keep the promise.</summary>
    public static string AtLeast(LoadLineEstimate line) => line.BrokenAt is { } broken
        ? FormattableString.Invariant($"a limit broke at {broken:0.00}, and too little was measured between")
        : FormattableString.Invariant(
            $"no limit broke, and nothing was measured above {line.MeasuredTo:0.00}");
}
