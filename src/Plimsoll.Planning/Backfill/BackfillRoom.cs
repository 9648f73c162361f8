using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Lines that a fleet does beside its requests by the policy <c>slack</c>, of those that come evenly over the
/// week, each within the window: what comes beyond that never goes in.
/// </summary>
public sealed class BackfillRoom
{
    const int Halvings = 20;

    readonly BackfillRequest _request;
    readonly BackfillWeek _week;
    readonly List<BackfillWeek> _streams;

    BackfillRoom(BackfillRequest request)
    {
        _request = request;
        var hourly = BackfillRuns.HourlyRates(request);
        var sweep = new BackfillRuns(request).Sweep(
            BackfillRuns.Grid(hourly), SchedulingPolicy.InSlack, new BatchGateOptions());
        _week = new BackfillWeek(sweep, hourly);
        _streams = [.. Enumerable.Range(0, BackfillRuns.Streams).Select(stream => new BackfillWeek(
            [.. sweep.Select(point => point with { LinesPerSecond = [point.LinesPerSecond[stream]] })],
            hourly))];
    }

    /// <summary>Lines per second of the whole fleet, and the 90 % interval that its streams leave; a window
    /// shorter than a line takes is bad input.</summary>
    /// <param name="request">Fleet and lines, which have a rate.</param>
    public static (double Lines, double Low, double High) Of(BackfillRequest request)
    {
        BatchWindow.Check(request.WindowNs, request.Batch, request.Engine);
        EngineLimits.CheckDecodesFit(
            SchedulingPolicy.InSlack, request.Engine.Limits.MaxNumSeqs,
            request.Engine.Limits.MaxNumBatchedTokens);
        var room = new BackfillRoom(request);
        var lines = room.InTime(room._week);
        var reach = StreamMean.Of([.. room._streams.Select(room.InTime)]).Reach;
        var comes = request.BatchLinesPerSecond ?? throw new ArgumentException("lines come at a rate");
        return (lines, Math.Max(0, lines - reach), Math.Min(comes, lines + reach));
    }

    /// <summary>The most lines per second of the fleet that are all done within the window.</summary>
    double InTime(BackfillWeek week)
    {
        var room = week.Room();
        var ranks = _request.Ranks;
        var most = Math.Min(_request.BatchLinesPerSecond!.Value / ranks, room.Average());
        if (AreInTime(most))
            return most * ranks;
        double few = 0, many = most;
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (few + many) / 2;
            (few, many) = AreInTime(middle) ? (middle, many) : (few, middle);
        }
        return few * ranks;

        bool AreInTime(double lines) => lines > 0
            && new BackfillQueue(room, lines).Waits(_request.WindowNs / 3.6e12).InTime >= 1;
    }
}
