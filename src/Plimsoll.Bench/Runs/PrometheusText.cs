using System;
using System.Collections.Generic;
using System.Globalization;

namespace Plimsoll.Bench.Runs;

/// <summary>Sums of the samples of each metric in Prometheus' text form; labels are summed over. No
/// count and no time is below zero, infinite or no number: such samples are left out.</summary>
static class PrometheusText
{
    public static Dictionary<string, double> Read(string text)
    {
        var sums = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.IsEmpty || line[0] == '#')
                continue;
            var nameEnd = line.IndexOfAny('{', ' ');
            var labelsEnd = line.LastIndexOf('}');
            var rest = line[((labelsEnd < 0 ? nameEnd : labelsEnd) + 1)..].Trim();
            var space = rest.IndexOf(' ');
            if (nameEnd > 0 && double.TryParse(
                space < 0 ? rest : rest[..space], NumberStyles.Float, CultureInfo.InvariantCulture,
                    out var value)
                && value is >= 0 and <= double.MaxValue)
            {
                var name = line[..nameEnd].ToString();
                sums[name] = sums.GetValueOrDefault(name) + value;
            }
        }
        return sums;
    }
}
