using System;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports.Pictures;

/// <summary>
/// From the physical floor to the bill, one row a step, the classes on one scale: side by side, or stacked
/// for a small screen. Below the interactive bill stand the levers on it and what public APIs ask.
/// </summary>
sealed class WaterfallPicture
{
    const double RowHeight = 34;
    const double LabelWidth = 104;
    const double Margin = 16;
    const double Gap = 28;

    /// <summary>The widest label must fit behind the longest bar.</summary>
    const double NumberWidth = 66;

    readonly ReportModel _model;
    readonly Scene _scene;
    readonly double _scale;

    WaterfallPicture(ReportModel model, double width)
    {
        _model = model;
        _scene = new Scene(width);
        _scale = (double)model.Account.Classes.Max(Highest);
    }

    public static Scene Draw(ReportModel model, bool stacked)
    {
        var picture = new WaterfallPicture(model, stacked ? 460 : 900);
        picture.Draw(stacked);
        return picture._scene;
    }

    void Draw(bool stacked)
    {
        _scene.Text(Margin, 24, "From the physical floor to the bill", 16, Ink.Text, bold: true);
        var top = _scene.Paragraph(
            Margin, 43, _scene.Width - 2 * Margin,
            "USD per million tokens; each bar is what one more piece of reality adds; below "
            + "the bill its 90 % interval", 12,
            Ink.Muted) + 24;
        var classes = _model.Account.Classes;
        var abreast = stacked ? 1 : classes.Count;
        var width = (_scene.Width - 2 * Margin - LabelWidth - Gap * (abreast - 1)) / abreast;
        var bottom = top;
        for (var i = 0; i < classes.Count; i++)
        {
            var left = Margin + LabelWidth + (stacked ? 0 : i * (width + Gap));
            if (stacked && i > 0)
                top = bottom + 34;
            if (stacked || i == 0)
                Labels(classes[i], top);
            bottom = Math.Max(bottom, Panel(classes[i], left, width, top, levers: i == 0));
        }
        _scene.Height = bottom + 12;
    }

    void Labels(ClassAccount account, double top)
    {
        var rows = account.Waterfall.Count;
        for (var row = 0; row <= rows; row++)
        {
            var name = row < rows ? account.Waterfall[row].Step : "the bill";
            _scene.Text(Margin, top + row * RowHeight + 21, name, 13, Ink.Text, bold: row == rows);
        }
        _scene.Line(Margin, top + rows * RowHeight, _scene.Width - Margin, top + rows * RowHeight,
            Paint.Outline(Ink.Muted));
    }

    /// <summary>One class; returns where it ends.</summary>
    double Panel(ClassAccount account, double left, double width, double top, bool levers)
    {
        var axis = Axis.Linear(_scale, left, left + width - NumberWidth, about: 4);
        var rows = account.Waterfall.Count;
        var extra = levers ? _model.Credits.Count + (_model.ListPrices is null ? 0 : 1) : 0;
        var bottom = top + (rows + 1) * RowHeight + (extra > 0 ? 22 + extra * RowHeight : 0) + 4;
        var ink = account.Class == "batch" ? Ink.Batch : Ink.Interactive;
        _scene.Text(left, top - 10, account.Class, 13, ink, bold: true);
        foreach (var tick in axis.Ticks)
        {
            _scene.Line(axis.At(tick), top, axis.At(tick), bottom, Paint.Outline(Ink.Grid));
            _scene.Text(axis.At(tick), bottom + 15, Frame.Money(tick), 11, Ink.Muted, Anchor.Middle);
        }
        Bars(account, axis, ink, top);
        if (extra > 0)
            Levers(account, axis, top + (rows + 1) * RowHeight + 22);
        return bottom + 22;
    }

    void Bars(ClassAccount account, Axis axis, Ink ink, double top)
    {
        decimal level = 0;
        for (var row = 0; row < account.Waterfall.Count; row++)
        {
            var bar = account.Waterfall[row];
            var y = top + row * RowHeight;
            double from = axis.At((double)level), to = axis.At((double)(level + bar.UsdPerMillionTokens));
            if (bar.UsdPerMillionTokens != 0)
            {
                _scene.Rect(Math.Min(from, to), y + 7, Math.Max(1.5, Math.Abs(to - from)), RowHeight - 14,
                    Paint.Solid(bar.UsdPerMillionTokens > 0 ? ink : Ink.Credit, 0.85),
                    $"{account.Class} {bar.Step}: {Label(bar.UsdPerMillionTokens, true)}", 2);
            }
            _scene.Line(to, y + RowHeight - 7, to, y + RowHeight + 7, Paint.Outline(Ink.Muted, 1));
            Number(
                Math.Max(from, to), y, Label(bar.UsdPerMillionTokens, true),
                bar.UsdPerMillionTokens == 0 ? Ink.Muted : Ink.Text);
            level += bar.UsdPerMillionTokens;
        }
        var end = top + account.Waterfall.Count * RowHeight;
        _scene.Rect(axis.At(0), end + 5, axis.At((double)level) - axis.At(0), RowHeight - 10,
            Paint.Solid(ink), $"{account.Class}: {Label(level, false)}", 2);
        Interval(account, axis, end + RowHeight / 2);
        _scene.Text(
            axis.At((double)level) + 7, end + 22, Label(level, false), 13, Ink.Text, bold: true, halo: true);
    }

    /// <summary>The bill's 90 % interval, drawn on it; open where no fleet keeps the promise.</summary>
    void Interval(ClassAccount account, Axis axis, double y)
    {
        var low = axis.At((double)account.Interval.Low);
        var high = account.Interval.High is { } h ? axis.At((double)h) : axis.At(_scale);
        var paint = Paint.Outline(Ink.Text, 1.5);
        _scene.Line(low, y + 14, high, y + 14, paint);
        _scene.Line(low, y + 10, low, y + 18, paint);
        if (account.Interval.High is { } end && (double)end <= axis.High)
            _scene.Line(high, y + 10, high, y + 18, paint);
        else
            _scene.Path([new(high - 5, y + 10), new(high, y + 14), new(high - 5, y + 18)], paint);
    }

    /// <summary>Each lever hangs on the bill, since each is counted alone.</summary>
    void Levers(ClassAccount account, Axis axis, double top)
    {
        _scene.Text(Margin, top - 4, "levers on the interactive bill, each alone", 11, Ink.Muted, halo: true);
        var bill = (double)account.Cost.UsdPerMillionTokens;
        var y = top;
        foreach (var credit in _model.Credits)
        {
            double from = axis.At(bill), to = axis.At(bill + (double)credit.UsdPerMillionTokens);
            _scene.Text(Margin, y + 21, credit.Name, 13, Ink.Text);
            _scene.Rect(Math.Min(from, to), y + 7, Math.Max(1.5, Math.Abs(to - from)), RowHeight - 14,
                Paint.Solid(credit.UsdPerMillionTokens <= 0 ? Ink.Credit : Ink.Interactive, 0.85),
                credit.Explanation, 2);
            Number(Math.Max(from, to), y, Label(credit.UsdPerMillionTokens, true), Ink.Text);
            y += RowHeight;
        }
        if (_model.ListPrices is not { } prices)
            return;
        var cheapest = axis.At((double)prices.CheapestUsdPerMillionTokens);
        var dearest = axis.At((double)prices.DearestUsdPerMillionTokens);
        var median = axis.At((double)prices.MedianUsdPerMillionTokens);
        _scene.Text(Margin, y + 21, "public APIs", 13, Ink.Text);
        _scene.Rect(
            cheapest, y + 13, Math.Max(1.5, dearest - cheapest), RowHeight - 26, Paint.Solid(Ink.Idle, 0.5),
            $"{prices.Offers.Count} offers, {Label(prices.CheapestUsdPerMillionTokens, false)} to "
            + Label(prices.DearestUsdPerMillionTokens, false), 2);
        _scene.Circle(median, y + RowHeight / 2, 5, Paint.Solid(Ink.Text));
        var most = (double)prices.DearestUsdPerMillionTokens > axis.High
            ? $", up to {Label(prices.DearestUsdPerMillionTokens, false)}" : "";
        var label = Label(prices.MedianUsdPerMillionTokens, false) + " median" + most;
        if (dearest + 7 + TextMetrics.Width(label, 12) < _scene.Width - 4)
            Number(dearest, y, label, Ink.Text);
        else
            _scene.Text(dearest, y + 33, label, 12, Ink.Text, Anchor.End, halo: true);
    }

    void Number(double x, double y, string text, Ink ink) =>
        _scene.Text(x + 7, y + 21, text, 12, ink, halo: true);

    static decimal Highest(ClassAccount account)
    {
        decimal level = 0, highest = 0;
        foreach (var bar in account.Waterfall)
            highest = Math.Max(highest, level += bar.UsdPerMillionTokens);
        return highest;
    }

    static string Label(decimal usd, bool signed)
    {
        if (usd == 0)
            return "0";
        var magnitude = Math.Abs(usd);
        var text = "$" + magnitude.ToString(
            magnitude < 0.1m ? "0.000" : magnitude < 10 ? "0.00" : "#,0.0", CultureInfo.InvariantCulture);
        return usd < 0 ? "−" + text : signed ? "+" + text : text;
    }
}
