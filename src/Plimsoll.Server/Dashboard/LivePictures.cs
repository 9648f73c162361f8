using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Dashboard;

/// <summary>The live page's pictures of what the board has seen.</summary>
static class LivePictures
{
    /// <summary>Each picture's name and its SVG for inside a page.</summary>
    /// <param name="loadLine">Requests a second of the whole fleet; null where nobody said it.</param>
    public static IEnumerable<(string Name, string Svg)> Draw(
        IReadOnlyList<LiveSecond> seconds, double? loadLine, IReadOnlyList<Level> levels, bool phone)
    {
        yield return Svg("load", "Requests a second against the load line", Load(seconds, loadLine), phone);
        yield return Svg("slack", "Tokens a second of interactive and batch work", Slack(seconds), phone);
        yield return Svg("ttft", "Time to the first token against its promise",
            Latency(seconds, "TTFT", levels, felt => felt.TtftMs, level => level.TtftNs), phone);
        yield return Svg("itl", "Gap between tokens against its promise",
            Latency(seconds, "ITL", levels, felt => felt.GapMs, level => level.ItlNs), phone);
        yield return Svg("dollars", "US dollars an hour by level", Dollars(seconds), phone);
        yield return Svg("twin", "How far the twin's predictions are off", Twin(seconds), phone);
    }

    static TimePicture Load(IReadOnlyList<LiveSecond> seconds, double? loadLine) => new()
    {
        Title = "Load",
        Subtitle = loadLine is null
            ? "interactive requests/s, mean of ten seconds; no load_line_requests_per_second is configured"
            : "interactive requests/s, mean of ten seconds, against the load line of the fleet",
        Curves = [new TimeCurve("interactive requests/s", TimeInk.Interactive,
            Smooth(seconds, second => second.Requests))],
        Seconds = Reach(seconds),
        Limits = loadLine is { } line ? [("load line", line)] : [],
    };

    static TimePicture Slack(IReadOnlyList<LiveSecond> seconds) => new()
    {
        Title = "Batch in the slack",
        Subtitle = "tokens/s given back, mean of ten seconds, batch work on top of interactive",
        Stacked = true,
        Seconds = Reach(seconds),
        Curves =
        [
            new TimeCurve("interactive", TimeInk.Interactive,
                Smooth(seconds, second => second.InteractiveTokens)),
            new TimeCurve("batch", TimeInk.Batch, Smooth(seconds, second => second.BatchTokens)),
        ],
    };

    /// <summary>Each level that is in use against its own promise; all of them while none is.</summary>
    static TimePicture Latency(
        IReadOnlyList<LiveSecond> seconds, string name, IReadOnlyList<Level> levels,
        Func<LiveLatency, double?> value, Func<Level, long?> promiseNs)
    {
        var felt = new List<(Level Level, List<double?> Values)>();
        foreach (var level in levels)
        {
            felt.Add((level, Values(seconds,
                second => second.Latencies.TryGetValue(level.Name, out var own) ? value(own) : null)));
        }
        var used = felt.FindAll(one => one.Values.Exists(ms => ms is not null));
        var curves = new List<TimeCurve>();
        var limits = new List<(string, double)>();
        foreach (var (level, values) in used.Count > 0 ? used : felt)
        {
            curves.Add(new TimeCurve(levels.Count > 1 ? level.Name : $"{name} p95",
                curves.Count == 0 ? TimeInk.Interactive : TimeInk.Other, values));
            var whose = levels.Count > 1 ? level.Name + ": " : "";
            if (promiseNs(level) / 1e6 is { } promise)
                limits.Add((FormattableString.Invariant($"{whose}promised {promise:0.#} ms"), promise));
        }
        return new TimePicture
        {
            Title = name,
            Subtitle = "95th percentile of interactive requests over ten seconds; nothing below 20 samples",
            Unit = " ms",
            Seconds = Reach(seconds),
            Curves = curves,
            Limits = limits,
        };
    }

    static TimePicture Dollars(IReadOnlyList<LiveSecond> seconds)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var second in seconds)
            names.UnionWith(second.UsdPerHour.Keys);
        var curves = new List<TimeCurve>();
        foreach (var name in names)
        {
            var ink = name switch
            {
                "idle" or "headroom" => TimeInk.Idle,
                "batch" => TimeInk.Batch,
                "interactive" => TimeInk.Interactive,
                _ => TimeInk.Other,
            };
            curves.Add(new TimeCurve(name, ink,
                Smooth(seconds, second => second.UsdPerHour.GetValueOrDefault(name))));
        }
        return new TimePicture
        {
            Title = "Dollars",
            Subtitle = "USD an hour by level, idle and headroom apart; they sum to the bill",
            Stacked = true,
            Seconds = Reach(seconds),
            Curves = curves,
        };
    }

    static TimePicture Twin(IReadOnlyList<LiveSecond> seconds) => new()
    {
        Title = "Twin error",
        Subtitle = "predicted TTFT, median relative error of the worst replica; empty without twins",
        Unit = " %",
        Seconds = Reach(seconds),
        Curves = [new TimeCurve("predicted TTFT", TimeInk.Other,
            Values(seconds, second => second.TwinErrorPercent))],
    };

    /// <summary>How far back the pictures go: what is known fills a good part of them.</summary>
    static int Reach(IReadOnlyList<LiveSecond> seconds) =>
        seconds.Count <= 60 ? 60 : seconds.Count <= 120 ? 120 : LiveBoard.Seconds;

    static List<double?> Values(IReadOnlyList<LiveSecond> seconds, Func<LiveSecond, double?> value)
    {
        var values = new List<double?>(seconds.Count);
        foreach (var second in seconds)
            values.Add(value(second));
        return values;
    }

    static List<double?> Smooth(IReadOnlyList<LiveSecond> seconds, Func<LiveSecond, double> value)
    {
        const int Over = 10;
        var values = new List<double?>(seconds.Count);
        for (var i = 0; i < seconds.Count; i++)
        {
            var sum = 0.0;
            var from = Math.Max(0, i - Over + 1);
            for (var j = from; j <= i; j++)
                sum += value(seconds[j]);
            values.Add(sum / (i - from + 1));
        }
        return values;
    }

    static (string, string) Svg(string name, string label, TimePicture picture, bool phone)
    {
        using var text = new StringWriter();
        SvgWriter.WriteInPage(picture.Draw(phone), label, name, text);
        return (name, text.ToString());
    }
}
