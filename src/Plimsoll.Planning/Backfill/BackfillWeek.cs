using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// The hours of the week read off a sweep of the rate: between two rates by a straight line, none where the
/// promise is not kept with batch work.
/// </summary>
/// <param name="sweep">By rising rate.</param>
/// <param name="hourly">The rate of every hour.</param>
sealed class BackfillWeek(IReadOnlyList<BackfillPoint> sweep, IReadOnlyList<double> hourly)
{
    /// <summary>Lines per second and rank that come; null for a backlog without end.</summary>
    public double? Comes { get; init; }

    /// <summary>The same rates beside lines that come at that rate; null for a backlog.</summary>
    public IReadOnlyList<BackfillPoint>? Beside { get; init; }

    /// <summary>The same rates without batch work; null where it rides along in every hour.</summary>
    public IReadOnlyList<BackfillPoint>? Quiet { get; init; }

    /// <summary>Share of the hours in which batch work rides along.</summary>
    public double HoursKept => hourly.Average(rate => Rides(rate) ? 1.0 : 0);

    /// <summary>Lines per second that a rank has room for in every hour, over all streams.</summary>
    public IReadOnlyList<double> Room() => Hours(p => p.LinesPerSecond.Average());

    /// <summary>Those of them that are done: as many, unless fewer come.</summary>
    public IReadOnlyList<double> Lines() => Done(Room());

    /// <summary>Lines per second of a rank on average over the week, in one stream.</summary>
    public double MeanLines(int stream) => Done(Hours(p => p.LinesPerSecond[stream])).Average();

    IReadOnlyList<double> Done(IReadOnlyList<double> room) =>
        Comes is { } lines ? new BackfillQueue(room, lines).Done : room;

    public double MeanLines() => Lines().Average();

    /// <summary>
    /// A figure of batch work beside what comes, on average over the week: 0 in hours without any.
    /// </summary>
    public double Mean(Func<BackfillPoint, double> figure) =>
        hourly.Average(rate => Rides(rate) ? At(Beside ?? sweep, rate, figure) : 0);

    public double TokensPerLine => sweep.Sum(p => p.TokensPerLine * p.LinesPerSecond.Sum())
        / Math.Max(1e-12, sweep.Sum(p => p.LinesPerSecond.Sum()));

    public double RecomputedShare => sweep.Average(p => p.RecomputedShare);

    /// <summary>Shares of the time that interactive work takes, hour by hour.</summary>
    public IReadOnlyList<double> Interactive() => Shares(p => p.InteractiveShare);

    /// <summary>Shares of the time that batch work takes.</summary>
    public IReadOnlyList<double> Batch() => Shares(p => p.BatchShare);

    /// <summary>
    /// Of an hour whose room is full, as beside batch work without end; of one that does what comes, as
    /// beside that; of one that does some of what waited, between the two.
    /// </summary>
    List<double> Shares(Func<BackfillPoint, double> share)
    {
        var (room, lines) = (Room(), Lines());
        return [.. hourly.Select((rate, hour) => !Rides(rate)
            ? At(Quiet ?? sweep, rate, share)
            : Between(At(Beside ?? sweep, rate, share), At(sweep, rate, share), room[hour], lines[hour]))];
    }

    /// <summary>From the share beside what comes to that beside all there is room for.</summary>
    double Between(double coming, double full, double room, double lines) =>
        Comes is not { } comes || room - comes <= 1e-9 * room ? full
            : coming + Math.Clamp((lines - comes) / (room - comes), 0, 1) * (full - coming);

    /// <summary>
    /// Lines, beside those that come, that are done within a window whenever it begins: the fewest over the
    /// week's hours.
    /// </summary>
    public double LinesWithin(double hours)
    {
        var room = Room();
        var lines = Comes is null ? room : [.. room.Zip(Lines(), (r, done) => r - done)];
        // A window is whole weeks, whole hours, and a part of one.
        var whole = Math.Floor(hours / lines.Count) * lines.Sum();
        var rest = hours % lines.Count;
        var least = double.PositiveInfinity;
        for (var first = 0; first < lines.Count; first++)
        {
            var done = 0.0;
            for (var hour = 0; hour < rest; hour++)
                done += lines[(first + hour) % lines.Count] * Math.Min(1, rest - hour);
            least = Math.Min(least, done);
        }
        return 3600 * (whole + least);
    }

    List<double> Hours(Func<BackfillPoint, double> figure) =>
        [.. hourly.Select(rate => Rides(rate) ? At(sweep, rate, figure) : 0)];

    /// <summary>Whether the promise is kept at the rates on either side, or at that very one.</summary>
    bool Rides(double rate)
    {
        const double Same = 1 + 1e-9;
        var above = 0;
        while (above < sweep.Count - 1 && sweep[above].RequestsPerSecond * Same < rate)
            above++;
        var isBetween = above > 0 && sweep[above].RequestsPerSecond > rate * Same;
        return sweep[above].Holds && (!isBetween || sweep[above - 1].Holds);
    }

    static double At(IReadOnlyList<BackfillPoint> points, double rate, Func<BackfillPoint, double> figure)
    {
        var i = 0;
        while (i < points.Count - 2 && points[i + 1].RequestsPerSecond < rate)
            i++;
        if (points.Count == 1)
            return figure(points[0]);
        var (low, high) = (points[i], points[i + 1]);
        var share = (rate - low.RequestsPerSecond) / (high.RequestsPerSecond - low.RequestsPerSecond);
        return figure(low) + share * (figure(high) - figure(low));
    }
}
