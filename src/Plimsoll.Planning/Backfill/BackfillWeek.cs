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
/// <param name="comes">Lines per second and rank that come; null for a backlog without end.</param>
sealed class BackfillWeek(
    IReadOnlyList<BackfillPoint> sweep, IReadOnlyList<double> hourly, double? comes = null)
{
    readonly double _kept = sweep.Where(p => p.Holds).Select(p => p.RequestsPerSecond)
        .DefaultIfEmpty(-1).Max();

    /// <summary>Share of the hours in which batch work rides along.</summary>
    public double HoursKept => hourly.Average(rate => Rides(rate) ? 1.0 : 0);

    /// <summary>Lines per second that a rank has room for in every hour, over all streams.</summary>
    public IReadOnlyList<double> Room() => Hours(p => p.LinesPerSecond.Average());

    /// <summary>Those of them that are done: as many, unless fewer come.</summary>
    public IReadOnlyList<double> Lines() => Done(Room());

    /// <summary>Lines per second of a rank on average over the week, in one stream.</summary>
    public double MeanLines(int stream) => Done(Hours(p => p.LinesPerSecond[stream])).Average();

    IReadOnlyList<double> Done(IReadOnlyList<double> room) =>
        comes is { } lines ? new BackfillQueue(room, lines).Done : room;

    public double MeanLines() => Lines().Average();

    public double TokensPerLine => sweep.Sum(p => p.TokensPerLine * p.LinesPerSecond.Sum())
        / Math.Max(1e-12, sweep.Sum(p => p.LinesPerSecond.Sum()));

    public double RecomputedShare => sweep.Average(p => p.RecomputedShare);

    public IReadOnlyList<double> Interactive() =>
        [.. hourly.Select(rate => At(rate, p => p.InteractiveShare))];

    /// <summary>Shares of the time that batch work takes: of its room's, what is done in it.</summary>
    public IReadOnlyList<double> Batch()
    {
        var (room, lines) = (Room(), Lines());
        return
        [
            .. Hours(p => p.BatchShare).Select((share, i) => room[i] > 0 ? share * lines[i] / room[i] : 0),
        ];
    }

    /// <summary>
    /// Lines, beside those that come, that are done within a window whenever it begins: the fewest over the
    /// week's hours.
    /// </summary>
    public double LinesWithin(double hours)
    {
        var room = Room();
        var lines = comes is null ? room : [.. room.Zip(Lines(), (r, done) => r - done)];
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
        [.. hourly.Select(rate => Rides(rate) ? At(rate, figure) : 0)];

    bool Rides(double rate) => rate <= _kept * (1 + 1e-9);

    double At(double rate, Func<BackfillPoint, double> figure)
    {
        var i = 0;
        while (i < sweep.Count - 2 && sweep[i + 1].RequestsPerSecond < rate)
            i++;
        if (sweep.Count == 1)
            return figure(sweep[0]);
        var (low, high) = (sweep[i], sweep[i + 1]);
        var share = (rate - low.RequestsPerSecond) / (high.RequestsPerSecond - low.RequestsPerSecond);
        return figure(low) + share * (figure(high) - figure(low));
    }
}
