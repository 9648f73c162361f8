using System;
using System.Collections.Generic;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// What an engine cost an hour, and when: from one life of the server to the next its price may change.
/// </summary>
public sealed class EnginePrices
{
    const long UsPerHour = 3_600_000_000;

    readonly Dictionary<string, List<Life>> _lives = new(StringComparer.Ordinal);

    readonly record struct Life(long FromUs, long UntilUs, long PicoPerHour);

    /// <summary>A time for which an engine's price held; lives of one engine come in order.</summary>
    public void Add(string engine, long fromUs, long untilUs, long picoPerHour)
    {
        if (!_lives.TryGetValue(engine, out var lives))
            _lives[engine] = lives = [];
        lives.Add(new Life(fromUs, untilUs, picoPerHour));
    }

    /// <summary>
    /// Price of an engine in an hour since 1970, pico-dollars: the mean over its time where it changed
    /// meanwhile, the one before where nothing ran. Null for an engine that nobody knows.
    /// </summary>
    /// <param name="isDown">For time between two lives, which is booked when the second begins.</param>
    public long? At(string engine, long hour, bool isDown)
    {
        if (!_lives.TryGetValue(engine, out var lives))
            return null;
        var (fromUs, untilUs) = (hour * UsPerHour, (hour + 1) * UsPerHour);
        var last = lives.FindLastIndex(life => life.FromUs < untilUs);
        if (last < 0)
            return lives[0].PicoPerHour;
        if (isDown)
            return lives[Math.Max(0, last - 1)].PicoPerHour;
        Int128 pico = 0;
        long us = 0;
        foreach (var life in lives)
        {
            var overlap = Math.Max(0, Math.Min(life.UntilUs, untilUs) - Math.Max(life.FromUs, fromUs));
            pico += (Int128)life.PicoPerHour * overlap;
            us += overlap;
        }
        return us > 0 ? (long)(pico / us) : lives[last].PicoPerHour;
    }
}
