using System;
using System.Globalization;
using Plimsoll.Core.Measures;

namespace Plimsoll.Core.Promises;

/// <summary>Limits and durations as people write them: <c>ttft p95 500ms</c>, <c>24h</c>.</summary>
public static class PromiseText
{
    /// <summary>Beyond it no run has the samples: 74,000 requests for p99.99 as it is.</summary>
    const double MostPercentile = 99.99;
    const double LeastNs = 1000;

    /// <summary>The limit, in the form that <see cref="Parse(string)"/> reads.</summary>
    public static string Of(Limit limit) => FormattableString.Invariant(
        $"{limit.Metric.Name()} p{limit.Percentile:0.###} {limit.LimitNs / 1e6:0.###}ms");

    /// <summary>Reads <c>METRIC pPERCENTILE DURATION</c>; one clear line when it is something else.</summary>
    public static Limit Parse(string text) => Parse(text, Setting.Promise);

    internal static Limit Parse(string text, Setting setting)
    {
        var parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        BadInputText where = $"{setting} \"{text}\"";
        if (parts.Length != 3)
            throw new BadInputException(where, "", "METRIC pPERCENTILE DURATION such as \"ttft p95 500ms\"");
        if (!Metrics.All.TryFind(parts[0], out var metric))
            throw new BadInputException(where, $"unknown metric {parts[0]}", $"{Metrics.All}");
        if (parts[1].Length < 2 || parts[1][0] is not ('p' or 'P')
            || !Number(parts[1].AsSpan(1), out var percentile) || percentile is < 50 or > MostPercentile)
        {
            throw new BadInputException(
                where, $"percentile {parts[1]} is not one", "p50 to p99.99, such as p95");
        }
        return new Limit(metric, percentile, Duration(parts[2], where));
    }

    /// <summary>Reads a duration with its unit: <c>us ms s m min h d</c>; nanoseconds.</summary>
    /// <param name="text">Number and unit without a space.</param>
    /// <param name="where">Named first in the message.</param>
    public static long Duration(string text, BadInputText where)
    {
        var digits = 0;
        while (digits < text.Length && (char.IsAsciiDigit(text[digits]) || text[digits] == '.'))
            digits++;
        var unitNs = text[digits..].ToLowerInvariant() switch
        {
            "us" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" or "min" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            _ => throw new BadInputException(
                where, $"\"{text}\" has no known unit",
                "a number with us, ms, s, min, h or d, such as 500ms"),
        };
        if (!Number(text.AsSpan(0, digits), out var number)
            || number * unitNs is < LeastNs or > 366 * 86_400e9)
        {
            throw new BadInputException(where, $"\"{text}\" is no duration",
                "1us to 366d");
        }
        return (long)Math.Round(number * unitNs);
    }

    static bool Number(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number)
        && double.IsFinite(number);
}
