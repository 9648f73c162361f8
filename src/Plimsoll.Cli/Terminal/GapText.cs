using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Plimsoll.Engine;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Cli.Terminal;

/// <summary>
/// A replayed log: whether it decided the same, how its steps were foreseen, and the first tokens' gap.
/// </summary>
static class GapText
{
    static readonly string[] _meanings =
    [
        "the prompt's work at the machine's peaks",
        "from there to the best rate that this engine reaches",
        "from there to the sizes of step that the prompt was computed in",
        "others' work in its steps, steps without it, the time between steps",
        "from its arrival to its first step",
    ];

    public static string Of(in ReplayOutcome replayed)
    {
        var text = new StringBuilder();
        Line(text, $"{replayed.Plans} plans, {replayed.Differences} different; digest "
            + $"{replayed.PlanHash:x16}");
        if (replayed.MeanError is { } error)
        {
            var (real, foreseen) = (replayed.RealNs / 1e9, replayed.PredictedNs / 1e9);
            Line(text, $"{replayed.Steps} steps: {real:0.000} s, foreseen {foreseen:0.000}, error "
                + $"{100 * error:0.0} %");
        }
        if (replayed.Gap is { } gap)
            Gap(text, gap);
        return text.ToString();
    }

    static void Gap(StringBuilder text, FirstTokenGapSummary gap)
    {
        Line(text, $"");
        Line(text, $"{gap.Requests} first tokens: median {gap.P50Ns / 1e6:0.0} ms, p95 {P95(gap)}");
        var table = new TextTable("ms", "mean", "from p95", "what it is");
        var mean = gap.Mean.Parts;
        for (var i = 0; i < mean.Length; i++)
        {
            var slow = gap.Tail is { } tail ? Ms(tail.Parts[i].Ns) : "–";
            table.Add(mean[i].Name, Ms(mean[i].Ns), slow, _meanings[i]);
        }
        table.Add("achieved", Ms(gap.Mean.TotalNs), gap.Tail is { } all ? Ms(all.TotalNs) : "–", "");
        text.Append(table);
        if (gap.LeftOut > 0)
            Line(text, $"{gap.LeftOut} requests were over before their first token and are left out");
    }

    public static string Json(in ReplayOutcome replayed) => JsonSerializer.Serialize(new
    {
        schema = "plimsoll/replay/1",
        plans = replayed.Plans,
        differences = replayed.Differences,
        planHash = replayed.PlanHash.ToString("x16", CultureInfo.InvariantCulture),
        steps = replayed.Steps,
        realMs = replayed.RealNs / 1e6,
        foreseenMs = replayed.PredictedNs / 1e6,
        meanStepError = replayed.MeanError,
        firstToken = replayed.Gap is not { } gap ? null : new
        {
            requests = gap.Requests,
            leftOut = gap.LeftOut,
            p50Ms = gap.P50Ns / 1e6,
            p95Ms = gap.P95Ns / 1e6,
            meanMs = Parts(gap.Mean),
            tailMs = gap.Tail is { } tail ? Parts(tail) : null,
        },
    }, new JsonSerializerOptions { WriteIndented = true }) + "\n";

    static object Parts(FirstTokenGap gap) => new
    {
        roofline = gap.RooflineNs / 1e6,
        bestKernel = gap.BestKernelNs / 1e6,
        thisKernel = gap.ThisKernelNs / 1e6,
        scheduling = gap.SchedulingNs / 1e6,
        waiting = gap.WaitingNs / 1e6,
        achieved = gap.TotalNs / 1e6,
    };

    public static PageModel Page(in ReplayOutcome replayed, string file)
    {
        var gap = replayed.Gap ?? throw new ArgumentException("a log without first tokens", nameof(replayed));
        var times = gap.Mean.TotalNs / Math.Max(1, gap.Mean.RooflineNs);
        var pictures = new List<ReportPicture> { Picture("first-token-gap", "mean", gap.Mean) };
        if (gap.Tail is { } tail)
            pictures.Add(Picture("first-token-gap-tail", "mean from the 95th percentile on", tail));
        return new PageModel
        {
            Brand = "plimsoll replay",
            Headline = "The first token's gap to the theoretical",
            Lines =
            [
                $"{file}: {replayed.Plans:N0} plans decided again, {replayed.Differences} different.",
            ],
            Figures =
            [
                new($"{Ms(gap.P50Ns)} ms", "median time to the first token"),
                new(P95(gap), "95th percentile"),
                new(string.Create(CultureInfo.InvariantCulture, $"{times:N0} ×"), "mean over the roofline"),
            ],
            Pictures = pictures,
            Tables =
            [
                new PageTable(
                    "The parts, ms", ["<part", "mean", "from p95", "<what it is"],
                    [.. gap.Mean.Parts.Select((part, i) => (string[])
                    [
                        "<" + part.Name, Ms(part.Ns), gap.Tail is { } t ? Ms(t.Parts[i].Ns) : "–",
                        "<" + _meanings[i],
                    ])]),
            ],
            Notes = [.. Notes(replayed, gap)],
            Version = CommandLine.VersionAndCommit,
        };
    }

    static IEnumerable<string> Notes(ReplayOutcome replayed, FirstTokenGapSummary gap)
    {
        yield return "A request's share of a step is what its own chunk would take alone, by the step times "
            + "at the start, as a part of what the whole step should take: measured time is split.";
        if (replayed.MeanError is { } error)
        {
            yield return string.Create(CultureInfo.InvariantCulture,
                $"Those step times were off by {100 * error:0.0} % of a step on average.");
        }
        if (gap.LeftOut > 0)
            yield return $"{gap.LeftOut} requests were over before their first token and are left out.";
    }

    static ReportPicture Picture(string name, string which, FirstTokenGap gap)
    {
        var sentence = $"Milliseconds to the first token, {which}; each bar is what one more piece of "
            + "reality adds to the prompt's work at the machine's peaks.";
        return new ReportPicture(name, sentence, GapPicture.Draw(
            "From the roofline to the first token", sentence,
            [.. gap.Parts.Select(part => (part.Name, part.Ns / 1e6))]));
    }

    static string P95(FirstTokenGapSummary gap) =>
        gap.P95Ns is { } p95 ? $"{Ms(p95)} ms" : "– (130 first tokens tell it)";

    static string Ms(double ns) => (ns / 1e6).ToString(
        ns >= 99.95e6 ? "#,0" : ns >= 9.995e6 ? "0.0" : ns >= 0.9995e6 ? "0.00" : "0.000",
        CultureInfo.InvariantCulture);

    static void Line(StringBuilder text, DefaultInterpolatedStringHandler line) =>
        text.Append(line.ToStringAndClear()).Append('\n');
}
