using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Lines that come evenly to a fleet whose room for them changes from hour to hour, week after week: done
/// oldest first, what finds no room waits.
/// </summary>
sealed class BackfillQueue
{
    readonly double _lines;
    readonly double[] _done;
    readonly bool _overflows;

    /// <param name="room">Lines per second that each hour has room for.</param>
    /// <param name="lines">Lines per second that come.</param>
    public BackfillQueue(IReadOnlyList<double> room, double lines)
    {
        _lines = lines;
        // Of a queue that only grows, every hour is full. Another is empty at some time of every week, so
        // the second week from an empty queue is every week.
        _overflows = room.Average() < lines;
        _done = new double[room.Count];
        double waiting = 0;
        for (var hour = 0; hour < 2 * room.Count; hour++)
        {
            var now = hour % room.Count;
            _done[now] = _overflows ? room[now] : Math.Min(waiting + lines, room[now]);
            waiting = Math.Max(0, waiting + lines - _done[now]);
        }
    }

    /// <summary>Lines per second that are done in each hour.</summary>
    public IReadOnlyList<double> Done => _done;

    /// <summary>
    /// Share of the lines that are done within so many hours, and the longest wait, by the last line of every
    /// hour. Of more lines than are ever done the oldest are always too late, so a gateway turns away what
    /// cannot be in time: the share is that of what is done.
    /// </summary>
    public (double InTime, double? LongestHours) Waits(double windowHours)
    {
        if (_lines <= 0)
            return (1, 0);
        if (_overflows)
            return (_done.Average() / _lines, null);
        var waits = Enumerable.Range(0, _done.Length).Select(Wait).ToList();
        return (waits.Count(w => w <= windowHours) / (double)waits.Count, waits.Max());
    }

    /// <summary>Hours until the lines that wait at the end of an hour are done.</summary>
    double Wait(int hour)
    {
        var waiting = Waiting(hour);
        for (var later = 1; waiting > 1e-9 * _lines; later++)
        {
            var done = _done[(hour + later) % _done.Length];
            if (done >= waiting)
                return later - 1 + (waiting / done);
            waiting -= done;
        }
        return 0;
    }

    /// <summary>What waits at the end of an hour: what came since the queue was last empty, and was not
    /// done.</summary>
    double Waiting(int hour)
    {
        double waiting = 0, most = 0;
        for (var back = 0; back < _done.Length; back++)
        {
            waiting += _lines - _done[(hour - back + _done.Length) % _done.Length];
            most = Math.Max(most, waiting);
        }
        return most;
    }
}
