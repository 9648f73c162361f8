using System;
using Plimsoll.Core;
using Plimsoll.Inputs.Choices;

namespace Plimsoll.Planning.Search;

/// <summary>
/// How much a probe simulates, so that a load line is a property of the workload and not of one draw:
/// independent streams, each as long as the slow rise and fall of its arrivals and the samples of its
/// percentiles ask for.
/// </summary>
/// <param name="Streams">Independent streams; what they differ by is the sampling error.</param>
/// <param name="Requests">Of each stream under the workload's own arrivals, warm-up included.</param>
/// <param name="SmoothRequests">Of each stream where arrivals are independent of each other.</param>
public sealed record ProbeSize(int Streams, long Requests, long SmoothRequests)
{
    /// <summary>Streams of a load line, enough to tell their spread.</summary>
    public const int UsualStreams = 4;

    /// <summary>
    /// Correlation times of the arrivals in a stream, whose rate goes through its whole distribution in them.
    /// </summary>
    const double CorrelationTimes = 10;

    /// <summary>
    /// Samples beyond the percentile in a stream: a tenth of the load line's error is theirs.
    /// </summary>
    const double SamplesBeyond = 400;

    /// <summary>Longest stream that is asked for; slower tides than fit in it are cut short.</summary>
    const long Longest = 200_000;

    /// <summary>Calls of a stream of sessions: some hundred sessions.</summary>
    const long OfSessions = 20_000;

    /// <summary>Requests of a recorded workload that are still simulated several times.</summary>
    const long ManyRecorded = 100_000;

    /// <param name="serving">Given requests fix each stream's length.</param>
    /// <param name="ceiling">What an engine rank carries when nobody waits, requests per second.</param>
    public static ProbeSize Of(Serving serving, double ceiling)
    {
        var needed = Needed(serving);
        if (serving.Requests is { } given)
            return new ProbeSize(UsualStreams, given, given);
        var smooth = Math.Max(needed, (long)(SamplesBeyond / Beyond(serving) / 0.9));
        if (serving.Workload.ClosedLoop)
            return new ProbeSize(UsualStreams, Math.Max(smooth, OfSessions), Math.Max(smooth, OfSessions));
        if (serving.Workload.Recorded is { } recorded and >= 1000)
        {
            var all = Math.Max(needed, recorded);
            return new ProbeSize(recorded > ManyRecorded ? 1 : UsualStreams, all, Math.Min(all, smooth));
        }
        var tides = Math.Min(Longest, CorrelationTimes * serving.Workload.CorrelationS * ceiling / 0.9);
        return new ProbeSize(UsualStreams, Math.Max(smooth, (long)tides), smooth);
    }

    /// <summary>
    /// Requests that the promised percentiles need, of which as many are simulated and, of a trace, there: a
    /// few that are replayed over and over do not show what the slowest of many are like.
    /// </summary>
    public static long Needed(Serving serving)
    {
        var needed = LoadLineSearch.NeededRequests(serving.Limits);
        if (serving.Requests < needed)
        {
            throw new BadInputException(
                $"{Setting.Requests} {serving.Requests}", "too few for the promised percentiles",
                $"at least {needed}");
        }
        return serving.Workload.Recorded < needed
            ? throw new BadInputException(
                $"{Setting.Workload} {serving.Workload.Name}",
                $"its {serving.Workload.Recorded} requests are too few for the promised percentiles",
                $"at least {needed}, a lower percentile or a family")
            : needed;
    }

    /// <summary>A first look: one stream.</summary>
    public ProbeSize Glance() => this with { Streams = 1 };

    static double Beyond(Serving serving)
    {
        var beyond = 0.05;
        foreach (var limit in serving.Limits)
            beyond = Math.Min(beyond, 1 - limit.Percentile / 100);
        return beyond;
    }
}
