using System;
using System.Collections.Generic;
using System.Globalization;

namespace Plimsoll.Reports.Pictures;

/// <summary>Maps values of one direction to pixels, linearly or by logarithm, with round ticks.</summary>
sealed class Axis
{
    readonly double _low;
    readonly double _high;
    readonly double _from;
    readonly double _to;
    readonly bool _log;

    Axis(double low, double high, double from, double to, bool log, IReadOnlyList<double> ticks)
    {
        (_low, _high, _from, _to, _log, Ticks) = (low, high, from, to, log, ticks);
    }

    public IReadOnlyList<double> Ticks { get; }

    public double High => _high;

    /// <summary>As <see cref="Drawing.PlotArea"/> has it.</summary>
    public string Described(string unit) => string.Create(
        CultureInfo.InvariantCulture, $"{(_log ? "log" : "linear")} {_low:0.######} {_high:0.######} {unit}");

    /// <summary>From zero to a round number at or above <paramref name="most"/>.</summary>
    public static Axis Linear(double most, double from, double to, int about = 5)
    {
        most = most > 0 ? most : 1;
        var raw = most / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power <= 1 ? 1 : raw / power <= 2 ? 2 : raw / power <= 5 ? 5 : 10);
        var count = (int)Math.Ceiling(most / step - 1e-9);
        var ticks = new List<double>();
        for (var i = 0; i <= count; i++)
            ticks.Add(i * step);
        return new Axis(0, count * step, from, to, false, ticks);
    }

    /// <summary>
    /// Exactly from low to high by logarithm, ticks at 1, 2 and 5 times powers of ten, closer where the range
    /// holds few of them.
    /// </summary>
    public static Axis Log(double low, double high, double from, double to)
    {
        low = Math.Max(low, 1e-9);
        high = Math.Max(high, low * 1.05);
        var ticks = LogTicks(low, high, 1, 2, 5);
        if (ticks.Count < 3)
            ticks = LogTicks(low, high, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9);
        if (ticks.Count < 2)
            ticks = EvenTicks(low, high);
        return new Axis(low, high, from, to, true, ticks);
    }

    static List<double> LogTicks(double low, double high, params double[] steps)
    {
        var ticks = new List<double>();
        for (var decade = Math.Floor(Math.Log10(low)); decade <= Math.Log10(high); decade++)
        {
            foreach (var step in steps)
            {
                var tick = step * Math.Pow(10, decade);
                if (tick >= low * 0.999 && tick <= high * 1.001)
                    ticks.Add(tick);
            }
        }
        return ticks;
    }

    /// <summary>At least two round numbers of a range too narrow for round steps of a decade.</summary>
    static List<double> EvenTicks(double low, double high)
    {
        var raw = (high - low) / 2;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power >= 5 ? 5 : raw / power >= 2 ? 2 : 1);
        var ticks = new List<double>();
        for (var tick = Math.Ceiling(low / step) * step; tick <= high; tick += step)
            ticks.Add(tick);
        return ticks;
    }

    public double At(double value)
    {
        var share = _log
            ? Math.Log(Math.Max(value, _low) / _low) / Math.Log(_high / _low)
            : (value - _low) / (_high - _low);
        return _from + Math.Clamp(share, 0, 1) * (_to - _from);
    }

    public bool Holds(double value) => value >= _low * (_log ? 0.999 : 1) && value <= _high * 1.001;

    /// <summary>A short number for a tick.</summary>
    public static string Label(double value) => value switch
    {
        0 => "0",
        >= 1e6 => (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M",
        >= 1000 => (value / 1000).ToString("0.##", CultureInfo.InvariantCulture) + "k",
        >= 1 => value.ToString("0.##", CultureInfo.InvariantCulture),
        _ => value.ToString("0.####", CultureInfo.InvariantCulture),
    };
}
