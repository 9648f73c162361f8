using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Core.Promises;

namespace Plimsoll.Bench.Load;

/// <summary>
/// A stretch of the run over which the rate goes from one value to another in a straight line.
/// </summary>
/// <param name="From">Requests per second at its start.</param>
/// <param name="To">Requests per second at its end.</param>
/// <param name="DurationNs">How long it lasts, nanoseconds.</param>
public readonly record struct RateStage(double From, double To, long DurationNs)
{
    /// <summary>Requests of the whole stage on average.</summary>
    public double Requests => (From + To) / 2 * DurationNs / 1e9;

    /// <summary>Reads <c>5:60s,5-20:2min,0:10s</c>: a rate, or a ramp between two, and how long.</summary>
    public static IReadOnlyList<RateStage> Parse(string text)
    {
        var stages = new List<RateStage>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            BadInputText where = $"{Setting.Stages} \"{part}\"";
            if (part.Split(':') is not [var rates, var duration])
            {
                throw new BadInputException(
                    where, "", "RATE:DURATION or FROM-TO:DURATION such as 5-20:2min");
            }
            var ends = rates.Split('-');
            if (ends.Length > 2 || !Rate(ends[0], out var from) || !Rate(ends[^1], out var to))
            {
                throw new BadInputException(
                    where, $"{rates} is no rate", "0 to 1000000 requests per second");
            }
            stages.Add(new RateStage(from, to, PromiseText.Duration(duration, where)));
        }
        var sum = 0.0;
        foreach (var stage in stages)
            sum += stage.Requests;
        return sum >= 1 ? stages
            : throw new BadInputException(
                $"{Setting.Stages} \"{text}\"", "no request at all", "a rate above 0");
    }

    static bool Rate(string text, out double rate) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out rate)
            && rate <= 1e6;
}
