using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Core.Measures;

namespace Plimsoll.Reports;

/// <summary>The numbers behind each picture, folded away below it.</summary>
sealed class ReportTables(ReportModel model, TextWriter page)
{
    public void Of(string picture)
    {
        var (headers, rows) = picture switch
        {
            "waterfall" => Waterfall(),
            "cost-ttft" => Curve(Metric.Ttft),
            "cost-tpot" => Curve(Metric.Tpot),
            "load-line" => Sweep(),
            "week" => Week(),
            "interactivity" => Interactivity(),
            "backfill" => BackfillTables.Week(model.Account.Backfill!),
            "price-of-promise" => BackfillTables.Promise(model.Account.Backfill!),
            _ => Distribution(picture),
        };
        page.Write("<details><summary>numbers</summary>\n");
        Write(page, headers, rows);
        page.Write("</details>\n");
    }

    /// <summary>
    /// A cell or header that begins with &lt; is text and stands left, one that begins with &gt; stands
    /// right; the mark is not shown. What comes from outside stands behind a mark: it may begin with one.
    /// </summary>
    public static void Write(TextWriter page, string[] headers, IReadOnlyList<string[]> rows)
    {
        page.Write("<div class=\"scroll\"><table><thead><tr>");
        foreach (var header in headers)
            Cell("th", header);
        page.Write("</tr></thead><tbody>\n");
        foreach (var row in rows)
        {
            page.Write("<tr>");
            foreach (var cell in row)
                Cell("td", cell);
            page.Write("</tr>\n");
        }
        page.Write("</tbody></table></div>\n");

        void Cell(string tag, string text)
        {
            var left = text.StartsWith('<');
            var opening = left ? $"<{tag} class=\"left\">" : $"<{tag}>";
            var shown = left || text.StartsWith('>') ? text[1..] : text;
            page.Write($"{opening}{HtmlText.Escape(shown)}</{tag}>");
        }
    }

    (string[], List<string[]>) Waterfall()
    {
        var classes = model.Account.Classes;
        var rows = new List<string[]>();
        for (var i = 0; i < classes[0].Waterfall.Count; i++)
        {
            rows.Add([classes[0].Waterfall[i].Step,
                .. classes.Select(c => F(c.Waterfall[i].UsdPerMillionTokens, "0.000000"))]);
        }

        rows.Add(["the bill", .. classes.Select(c => F(c.Cost.UsdPerMillionTokens, "0.000000"))]);
        return (["USD per million tokens", .. classes.Select(c => ">" + c.Class)], rows);
    }

    (string[], List<string[]>) Curve(Metric metric) => (
        ["limit, ms", "$/M tokens", "low", "high", "load line, requests/s"],
        [.. model.CostCurves.First(c => c.Metric == metric).Points.Select(p => new[]
        {
            F((decimal)p.LimitMs, "0.#"), p.UsdPerMillionTokens is { } usd
                ? F(usd, "0.0000") : "cannot be kept",
            p.Low is { } low ? F(low, "0.0000") : "–", p.High is { } high ? F(high, "0.0000") : "–",
            p.LoadLine is { } line ? F((decimal)line, "0.000") : "–",
        })]);

    (string[], List<string[]>) Sweep() => (
        ["requests/s", .. model.LoadSweeps[0].Limits.Select(
            l => $"{l.Metric.ToUpperInvariant()} p{F((decimal)l.Percentile, "0.###")}, ms"), "promise"],
        [.. model.LoadSweeps.SelectMany(s => s.Points)
            .Select(p => new[] { F((decimal)p.RequestsPerSecond, "0.000") }
            .Concat(p.MeasuredMs.Select(Ms)).Append(p.Holds ? "kept" : "broken").ToArray())]);

    (string[], List<string[]>) Interactivity() => (
        ["requests/s", "tokens/s per user", "tokens/s per accelerator"],
        [.. model.Interactivity.Select(p => new[]
        {
            F((decimal)p.RequestsPerSecond, "0.00"), F((decimal)p.TokensPerSecondAndUser, "0.0"),
            F((decimal)p.TokensPerSecondAndAccelerator, "0"),
        })]);

    (string[], List<string[]>) Week()
    {
        var rows = new List<string[]>();
        for (var day = 0; day < 7; day++)
        {
            var shares = Enumerable.Range(24 * day, 24)
                .Select(h => model.Week!.Shares[h % model.Week.Shares.Count]).ToList();
            rows.Add([$"day {day + 1}", F((decimal)(100 * shares.Average()), "0.0"),
                F((decimal)(100 * shares.Min()), "0.0"), F((decimal)(100 * shares.Max()), "0.0")]);
        }
        return (["% of the fleet's capacity", "mean", "least", "most"], rows);
    }

    (string[], List<string[]>) Distribution(string picture)
    {
        var group = model.Distributions.Where(d => picture == $"latency-{d.Metric.Name()}").ToList();
        var shares = group.SelectMany(d => d.Points).Select(p => p.Share).Distinct().Order()
            .Where(s => s is 0.05 or 0.25 or 0.5 or 0.75 or 0.9 or 0.95 or 0.99);
        return (["share of requests", .. group.Select(d => $">{d.Class}, ms")],
            [.. shares.Select(s => new[] { F((decimal)(100 * s), "0.#") + " %" }
                .Concat(group.Select(d => d.Points.Where(p => p.Share == s)
                    .Select(p => F((decimal)p.Ms, "0.0")).FirstOrDefault("–"))).ToArray())]);
    }

    static string Ms(double? value) => value is { } ms ? F((decimal)ms, "0.0") : "–";

    static string F(decimal value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
