using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;
using Plimsoll.Reports;

namespace Plimsoll.Bench.Text;

/// <summary>
/// Two runs side by side: what differs in how they were run, and their figures with intervals.
/// </summary>
public sealed class ResultDiff
{
    const string How = "95 % intervals from stretches of consecutive requests drawn again 500 times; "
        + "those of a figure that a file gives without its requests are not known.";

    static readonly Metric[] Drawn = [Metric.Ttft, Metric.Tpot, Metric.E2e];

    static readonly string[] Order =
    [
        "completed", "failed", "duration", "request_throughput", "request_goodput", "output_throughput",
        "total_token_throughput", ResultFigures.LoadLine, ResultFigures.Usd,
    ];

    public ResultDiff(ComparedRun first, ComparedRun second)
    {
        (First, Second) = (first, second);
        var (one, two) = (new FigureDraws(first, seed: 1), new FigureDraws(second, seed: 2));
        Pairs = [.. Names().Select(name => Pair(name, one, two)), .. Spoken()];
        Differences = [.. Circumstances().Where(row => row.First != row.Second)];
    }

    public ComparedRun First { get; }

    public ComparedRun Second { get; }

    public IReadOnlyList<FigurePair> Pairs { get; }

    /// <summary>In what the two were not run alike; null where a file does not say.</summary>
    public IReadOnlyList<(string Name, string? First, string? Second)> Differences { get; }

    /// <summary>Whose figures are not those of its endpoint, and why.</summary>
    public IEnumerable<string> Invalid => new[] { First, Second }.SelectMany(run =>
        run.InvalidBecause.Select(reason => $"{run.Name}: {reason}"));

    /// <summary>Whose figures have no intervals, and how they would.</summary>
    public IEnumerable<string> Summaries => new[] { First, Second }.Where(run => run.Served.Count == 0)
        .Select(run => $"no intervals for {run.Name}: "
            + "its file holds no requests or too few (`plimsoll bench --save-detailed` keeps them)");

    public bool IsValid => First.InvalidBecause.Count == 0 && Second.InvalidBecause.Count == 0;

    /// <summary>The page of the two; pictures where both hold their requests.</summary>
    public PageModel Page(string version)
    {
        var pictures = new List<ReportPicture>();
        if (First.Result is { } one && Second.Result is { } two)
        {
            foreach (var metric in Drawn)
            {
                if (LatencyCurves.Of(metric, [(First.Name, one), (Second.Name, two)]) is { } picture)
                    pictures.Add(picture);
            }
        }
        return new PageModel
        {
            Brand = "plimsoll bench diff",
            Headline = $"{First.Name} and {Second.Name}",
            Banner = [.. Invalid],
            Warnings = Differences.Count == 0 ? []
                : [$"Not run alike: {string.Join(", ", Differences.Select(row => row.Name))}; see below."],
            Lines = ["The second over the first; latencies in milliseconds, each from whatever its tool "
                + "starts from.", How],
            Figures = [.. Pairs.Where(p =>
                p.Name is "mean_ttft_ms" or "mean_tpot_ms" or "output_throughput" && p.Ratio is not null)
                .Select(p => new PageFigure(FormattableString.Invariant($"{p.Ratio:0.00} ×"),
                    p.Name + (p.RatioInterval is { } range ? $"; {Text(range)}: {Remark(p)}" : "")))],
            Pictures = pictures,
            Tables = [.. Alike(), new PageTable("Figures, and their 95 % intervals",
                ["<figure", ">" + First.Name, ">" + Second.Name, "ratio", "<"], [.. Pairs.Select(Cells)])],
            Notes = [.. Summaries.Select(line => char.ToUpperInvariant(line[0]) + line[1..] + "."),
                .. NotDrawn()],
            Version = version,
        };
    }

    IEnumerable<string> NotDrawn() => First.Result is { } one && Second.Result is { } two
        ? Drawn.Select(metric => LatencyCurves.TooFew(metric, [one, two])).OfType<string>() : [];

    IEnumerable<PageTable> Alike()
    {
        if (Differences.Count > 0)
        {
            yield return new PageTable("Not run alike", ["<", "<" + First.Name, "<" + Second.Name],
                [.. Differences.Select(row =>
                    new[] { "<" + row.Name, "<" + (row.First ?? "–"), "<" + (row.Second ?? "–") })]);
        }
    }

    /// <summary>Of <see cref="Row"/>, without marks.</summary>
    public string[] Headers() => [First.Name, "95 %", Second.Name, "95 %", "ratio", "95 %", ""];

    public static string[] Row(FigurePair pair) =>
    [
        pair.FirstText, Text(pair.FirstInterval), pair.SecondText, Text(pair.SecondInterval),
        Text(pair.Ratio), Text(pair.RatioInterval), "<" + Remark(pair),
    ];

    /// <summary>The same in five cells, for a page that may be narrow.</summary>
    static string[] Cells(FigurePair pair)
    {
        return ["<" + pair.Name.Replace('_', ' '), Cell(pair.FirstText, pair.FirstInterval),
            Cell(pair.SecondText, pair.SecondInterval), Cell(Text(pair.Ratio), pair.RatioInterval),
            "<" + Remark(pair)];

        static string Cell(string value, Interval? interval) =>
            value + (interval is null ? "" : $" ({Text(interval)})");
    }

    public static string Remark(FigurePair pair) => pair.WithinNoise switch
    {
        _ when pair.Words is { } words => words.First is null || words.Second is null
            || words.First == words.Second ? "" : "differs",
        true => "within noise",
        false => "differs",
        null => "",
    };

    /// <summary>Counts whole, all else to three digits; no run repeats to more.</summary>
    public static string Text(double? value)
    {
        if (value is not { } known)
            return "–";
        var digits = known == Math.Floor(known) || Math.Abs(known) >= 100 ? 0
            : Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(known))), 0, 9);
        return known.ToString($"N{digits}", CultureInfo.InvariantCulture);
    }

    static string Text(Interval? interval) =>
        interval is { } known ? $"{Text(known.Low)} – {Text(known.High)}" : "–";

    FigurePair Pair(string name, FigureDraws first, FigureDraws second)
    {
        var pair = new FigurePair(name, Of(First.Figures, name), Of(Second.Figures, name));
        if (name == ResultFigures.LoadLine)
        {
            // Both ends at once are rarer than 5 %: the interval of the ratio is wide enough.
            var (a, b) = (First.LoadLine, Second.LoadLine);
            return pair with
            {
                FirstInterval = a,
                SecondInterval = b,
                RatioInterval = a is { Low: > 0 } lower && b is { } upper
                    ? new Interval(upper.Low / lower.High, upper.High / lower.Low) : null,
            };
        }
        var one = pair.First is null ? null : first.Of(name);
        var two = pair.Second is null ? null : second.Of(name);
        return pair with
        {
            FirstInterval = one is null ? null : BlockBootstrap.Middle(one),
            SecondInterval = two is null ? null : BlockBootstrap.Middle(two),
            RatioInterval = one is null || two is null || one.Min() <= 0 ? null
                : BlockBootstrap.Middle(two.Zip(one, (b, a) => b / a)),
        };
    }

    /// <summary>What is said in words, where a run of the two says it.</summary>
    IEnumerable<FigurePair> Spoken() =>
        First.Words.Concat(Second.Words).Select(word => word.Name).Distinct()
            .Select(name => new FigurePair(name, null, null)
            {
                Words = (Find(First.Words, name), Find(Second.Words, name)),
            });

    IEnumerable<string> Names() =>
        Order.Concat(First.Figures.Keys.Concat(Second.Figures.Keys).Where(IsLatency).Distinct().OrderBy(Rank))
            .Where(name => First.Figures.ContainsKey(name) || Second.Figures.ContainsKey(name));

    IEnumerable<(string Name, string? First, string? Second)> Circumstances()
    {
        var (one, two) = (First.Circumstances, Second.Circumstances);
        foreach (var name in one.Concat(two).Select(row => row.Name).Distinct())
            yield return (name, Find(one, name), Find(two, name));
    }

    static string? Find(IReadOnlyList<(string Name, string? Value)> rows, string name)
    {
        foreach (var row in rows)
        {
            if (row.Name == name)
                return row.Value;
        }
        return null;
    }

    static double? Of(IReadOnlyDictionary<string, double> figures, string name) =>
        figures.TryGetValue(name, out var value) ? value : null;

    /// <summary>Some tools have the median under the name of p50 too.</summary>
    static bool IsLatency(string name) => name.EndsWith("_ms", StringComparison.Ordinal)
        && !name.StartsWith("p50_", StringComparison.Ordinal) && name.Count(c => c == '_') >= 2;

    /// <summary>By latency, then mean, median, deviation, percentiles.</summary>
    static string Rank(string name)
    {
        var parts = name.Split('_');
        var metric = VllmMetrics.TryFind(parts[^2], out var known) ? (int)known : -1;
        var what = parts[0] switch { "mean" => "0", "median" => "1", "std" => "2", _ => "3" };
        return $"{metric}{what}{parts[0].Length}{parts[0]}";
    }
}
