using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports;

/// <summary>
/// The account as one HTML page that needs nothing beside itself: styles, pictures, numbers.
/// </summary>
public sealed class HtmlReport
{
    readonly ReportModel _model;
    readonly TextWriter _page;

    HtmlReport(ReportModel model, TextWriter page)
    {
        (_model, _page) = (model, page);
    }

    public static void Write(ReportModel model, TextWriter page) => new HtmlReport(model, page).Write();

    void Write()
    {
        _page.Write("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        _page.Write("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        _page.Write($"<title>{E(Headline())}</title>\n<style>\n{Style()}</style>\n</head>\n<body>\n<main>\n");
        Header();
        Pictures();
        Definitions();
        Costs();
        Credits();
        if (_model.Account.Backfill is { } backfill)
            BackfillTables.Write(_page, backfill);
        ApiPrices();
        Parameters();
        Notes();
        _page.Write($"<h2>To print this page again</h2>\n<pre>{E(_model.Command)}</pre>\n");
        _page.Write(
            $"<p class=\"muted\">plimsoll {E(_model.Version)}; data as of {E(_model.DataAsOf)}; input "
            + $"{E(_model.InputHash)}</p>\n</main>\n");
        _page.Write($"<script type=\"application/json\" id=\"data\">{ReportData.Of(_model)}</script>\n");
        _page.Write($"<script>\n{Resource("report.js")}</script>\n</body>\n</html>\n");
    }

    string Headline()
    {
        var s = _model.Account.Statement;
        var promise = new List<string>();
        foreach (var limit in _model.Account.Classes[0].Promise)
        {
            promise.Add(FormattableString.Invariant(
                $"{limit.Metric.ToUpperInvariant()} p{limit.Percentile:0.#} within {limit.LimitMs:0.#} ms"));
        }

        return $"{s.Model} serving {s.Workload} on {s.Deployment.Gpu}, promised "
            + $"{string.Join(" and ", promise)}";
    }

    void Header()
    {
        var s = _model.Account.Statement;
        var d = s.Deployment;
        _page.Write("<header>\n<div class=\"brand\"><svg viewBox=\"0 0 40 24\" aria-hidden=\"true\"><circle "
            + "cx=\"20\" cy=\"12\" r=\"9\" class=\"f-none s-text\" ");
        _page.Write("stroke-width=\"2\"/><line x1=\"2\" y1=\"12\" x2=\"38\" y2=\"12\" class=\"s-text\" "
            + "stroke-width=\"2\"/></svg>plimsoll account</div>\n");
        _page.Write($"<h1>{E(Headline())}</h1>\n");
        if (_model.Unkept is { } unkept)
            _page.Write($"<p class=\"warning\">{E(unkept)}</p>\n");
        _page.Write($"<p class=\"finding\">{E(ReportWords.Finding(_model))}</p>\n");
        _page.Write($"<p class=\"muted\">{E(_model.Demand)}.<br>{d.Weights} weights, {d.Kv} KV, tp {d.Tp}, "
            + $"pp {d.Pp}, ep {d.Ep}, dp {d.Dp}; {E(d.Engine)}, {E(d.Policy)}. ");
        _page.Write(FormattableString.Invariant(
            $"${s.Price.UsdPerGpuHour:0.00##} per accelerator-hour, {E(s.Price.Origin)}.</p>\n"));
        _page.Write("<div class=\"figures\">\n");
        foreach (var c in _model.Account.Classes)
        {
            var high = c.Interval.High is { } h ? Usd(h) : "cannot be kept";
            Figure(c.Class, Usd(c.Cost.UsdPerMillionTokens), $"per million tokens, {c.Class}; 90 % interval "
                + $"{Usd(c.Interval.Low)} – {high}, tier {c.Tier}");
        }
        if (_model.Account.InteractiveOverBatch is { } ratio)
        {
            Figure("ratio", ratio.ToString("0.00", CultureInfo.InvariantCulture) + " ×",
                "what an interactive token costs over a batch token");
        }

        var line = _model.Account.Classes[0].LoadLine;
        var ends = _model.Account.Classes[0].Bounds;
        Figure("line", line.RequestsPerSecond.ToString("0.00", CultureInfo.InvariantCulture) + " /s",
            FormattableString.Invariant(
                $"load line of one replica; 90 % interval {ends.Low.LoadLineRequestsPerSecond:0.00} – ")
            + FormattableString.Invariant($"{ends.High.LoadLineRequestsPerSecond:0.00}; ")
            + $"bound by {line.BindingLimit}");
        _page.Write("</div>\n</header>\n");
    }

    void Figure(string kind, string number, string text) =>
        _page.Write($"<div class=\"figure {kind}\"><b>{E(number)}</b><span>{E(text)}</span></div>\n");

    void Pictures()
    {
        _page.Write("<div class=\"pictures\">\n");
        var tables = new ReportTables(_model, _page);
        foreach (var picture in ReportPictures.Of(_model))
        {
            var wide = picture.Name is "waterfall" or "week" or "backfill" or "load-line" or "interactivity";
            _page.Write($"<figure{(wide ? " class=\"wide\"" : "")}><div class=\"frame\">\n");
            SvgWriter.WriteInPage(picture.Scene, picture.Sentence, $"{picture.Name} large", _page);
            if (picture.Narrow is { } narrow)
                SvgWriter.WriteInPage(narrow, picture.Sentence, $"{picture.Name} small", _page);
            _page.Write($"</div><figcaption>{E(picture.Sentence)}</figcaption>\n");
            tables.Of(picture.Name);
            _page.Write("</figure>\n");
        }
        _page.Write("</div>\n");
    }

    void Definitions()
    {
        _page.Write("<h2>What the words mean</h2>\n<dl>\n");
        foreach (var (term, meaning) in ReportWords.Definitions)
            _page.Write($"<dt>{E(term)}</dt><dd>{E(meaning)}</dd>\n");
        _page.Write("</dl>\n");
    }

    void Costs()
    {
        var rows = new List<string[]>();
        foreach (var c in _model.Account.Classes)
        {
            var perReplica = c.Fleet.Accelerators / c.Fleet.Replicas;
            rows.Add(Row(
                c.Class, c.Cost, c.LoadLine.RequestsPerSecond, c.Fleet.Replicas, c.Fleet.UsdPerHour,
                c.Utilisation,
                perReplica));
            foreach (var (name, e) in new[] { ("  low end", c.Bounds.Low), ("  high end", c.Bounds.High) })
            {
                rows.Add(Row(
                    name, e.Cost, e.LoadLineRequestsPerSecond, e.Replicas, e.UsdPerHour, e.Utilisation,
                    perReplica));
            }
        }
        Table("What each token costs, and the ends of its 90 % interval",
            ["USD per million", "all", "input", "cached input", "output", "per request", "load line",
                "replicas × GPUs", "per hour", "utilisation"], rows);
    }

    /// <summary>
    /// Figures of a class or of one end of its intervals; an end that cannot be kept says so.
    /// </summary>
    static string[] Row(
        string name, CostStatement? cost, double loadLine, int? replicas, double? usdPerHour,
        double? utilisation,
        int perReplica)
    {
        var line = loadLine.ToString("0.000", CultureInfo.InvariantCulture) + "/s";
        if (cost is null || replicas is null)
            return [name, "cannot be kept", "–", "–", "–", "–", line, "–", "–", "–"];
        return
        [
            name, Usd(cost.UsdPerMillionTokens), Usd(cost.UsdPerMillionInputTokens),
            cost.UsdPerMillionCachedInputTokens is { } cached
            ? Usd(cached) : "none", Usd(cost.UsdPerMillionOutputTokens),
            "$" + cost.UsdPerRequest.ToString("0.000000", CultureInfo.InvariantCulture), line,
            $"{replicas} × {perReplica}",
            "$" + usdPerHour?.ToString("#,0.00", CultureInfo.InvariantCulture),
            (100 * utilisation)?.ToString("0.0", CultureInfo.InvariantCulture) + " %",
        ];
    }

    void Credits()
    {
        var rows = new List<string[]>();
        foreach (var credit in _model.Credits)
        {
            var interval = credit.Interval is { } ends ? $"{Change(ends.Low)} to {Change(ends.High)}" : "";
            rows.Add([credit.Name, Change(credit.UsdPerMillionTokens), interval, "<" + credit.Explanation]);
        }

        if (rows.Count > 0)
        {
            Table("What would change the interactive bill, each alone",
                ["lever", "USD/M tokens", "90 % interval", "<why"], rows);
        }

        static string Change(decimal? usd) =>
            usd?.ToString("+0.0000;−0.0000;0", CultureInfo.InvariantCulture) ?? "cannot be kept";
    }

    void ApiPrices()
    {
        if (_model.ListPrices is not { } prices)
            return;
        _page.Write($"<h2>Public list prices of the same model</h2>\n<p>For this mix of tokens "
            + $"{prices.Offers.Count} offers as of {E(prices.AsOf)} ");
        _page.Write($"ask {Usd(prices.CheapestUsdPerMillionTokens)} to "
            + $"{Usd(prices.DearestUsdPerMillionTokens)} per million, ");
        _page.Write(
            $"median {Usd(prices.MedianUsdPerMillionTokens)}. The interactive class costs that median at ");
        _page.Write(FormattableString.Invariant($"${prices.BreakEvenUsdPerGpuHour:0.00}"));
        _page.Write(" per accelerator-hour.</p>\n<details><summary>all offers</summary>\n");
        var rows = new List<string[]>();
        foreach (var p in prices.Offers)
            rows.Add([p.Provider, Usd(p.InputUsd), Usd(p.OutputUsd), p.AsOf, "<" + p.Source]);
        ReportTables.Write(_page, ["provider", "input, $/M", "output, $/M", "as of", "<source"], rows);
        _page.Write("</details>\n");
    }

    void Parameters()
    {
        var rows = new List<string[]>();
        foreach (var p in _model.Parameters)
            rows.Add([p.Name, "<" + p.Value, "<" + p.Unit]);
        Table("All parameters", ["name", "<value", "<unit"], rows);
    }

    void Notes()
    {
        _page.Write("<h2>What this rests on</h2>\n<ul>\n");
        foreach (var note in _model.Notes)
            _page.Write($"<li>{E(note)}</li>\n");
        _page.Write("</ul>\n");
    }

    void Table(string title, string[] headers, List<string[]> rows)
    {
        _page.Write($"<h2>{E(title)}</h2>\n");
        ReportTables.Write(_page, headers, rows);
    }

    static string Resource(string name)
    {
        using var stream = typeof(HtmlReport).Assembly.GetManifestResourceStream($"reports/{name}")
            ?? throw new InvalidOperationException($"The binary lacks reports/{name}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    internal static string Style()
    {
        return ":root{color-scheme:light dark;" + Inks(Palette.Light)
            + "}\n@media(prefers-color-scheme:dark){:root{"
            + Inks(Palette.Dark) + "}}\n" + SvgWriter.StyleRules() + EmbeddedFont.StyleRules
            + Resource("report.css");
    }

    static string Inks(Func<Ink, uint> colour)
    {
        var text = "";
        foreach (var ink in Enum.GetValues<Ink>())
            text += $"--{Palette.Name(ink)}:#{colour(ink).ToString("x6", CultureInfo.InvariantCulture)};";
        return text;
    }

    static string E(string text) => HtmlText.Escape(text);

    static string Usd(decimal value) => "$" + value.ToString("0.0000", CultureInfo.InvariantCulture);
}
