using System;
using System.Collections.Generic;
using System.Linq;
using MathNet.Numerics.Distributions;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Search;

/// <summary>
/// Finds the load line of an endpoint while it is under load. It has no clock: it is told which requests were
/// sent when and how they ended, and says at what rate to go on. The same search runs against a live endpoint
/// and inside a simulation.
/// <para>
/// 1. Climb: each stretch a half faster than the last, until limits break or answers pile up. 2. Rest: slow
/// until the pile is gone. 3. Measure: stretches around the line in turn, never drained between, so that of
/// the whole time only the moment after each change of rate is lost; after each the curve of breaks over
/// rates is fitted anew, and the next stretches move with it. The search ends when the interval is narrow
/// enough or the time is up.
/// </para>
/// </summary>
public sealed class LoadLineFinder
{
    const double ClimbFactor = 1.5;
    const double RestShare = 0.25;
    const int ClimbRequests = 24;
    const double UnknownE2eNs = 2e9;
    const int WindowRequests = 40;

    /// <summary>Stretches are for a search of a quarter of an hour; a shorter one has shorter ones.</summary>
    const long UsualBudgetNs = 900_000_000_000;
    const long LeastClimbNs = 8_000_000_000;
    const long MostClimbNs = 45_000_000_000;
    const long RestNs = 5_000_000_000;
    const long LeastWindowNs = 30_000_000_000;
    const long MostWindowNs = 90_000_000_000;

    /// <summary>Fewer windows than this know nothing of their own scatter.</summary>
    const int FewestWindows = 9;

    /// <summary>Slope of a curve of breaks up to which windows stand as far apart as they may.</summary>
    const double UsualSlope = 15;

    /// <summary>
    /// Where a queue decides, n requests cannot tell rates apart that are nearer to saturation than about
    /// √((c_a² + c_s²)/n): the queue needs longer to build up (heavy traffic: Whitt, Stochastic-Process
    /// Limits, section 5.7). Twice that, for arrivals of variation 1 and work of √2, widens the interval.
    /// </summary>
    const double SlowQueue = 3.5;

    /// <summary>Least share that counts as broken where answers pile up.</summary>
    const double PiledShare = 0.5;

    /// <summary>How far from the line windows stand, in turn, as a share of it.</summary>
    static readonly double[] Offsets = [-0.03, 0.03, -0.06, 0.01, -0.01, 0.05];

    /// <summary>Times the allowed share that ends a climb.</summary>
    const double ClearlyBroken = 3;

    /// <summary>
    /// Quantile of Student's t behind the 95 % interval. Windows follow each other without a drain and depend
    /// a little on each other, and the slope of few of them is little known: what is 99 % for independent
    /// ones covers the line in 89 to 100 of 100 simulated searches.
    /// </summary>
    const double Reach = 0.995;

    readonly IReadOnlyList<Limit> _limits;
    readonly LoadLineOptions _options;
    readonly double[] _allowed;
    readonly double _share;
    readonly List<RateWindow> _windows = [];
    long _ended;
    double _line;
    bool _overrun;
    int _measured;

    public LoadLineFinder(IReadOnlyList<Limit> limits, LoadLineOptions options)
    {
        _limits = limits;
        _options = options;
        _share = Math.Min(1, (double)options.BudgetNs / UsualBudgetNs);
        _allowed = new double[limits.Count];
        for (var i = 0; i < limits.Count; i++)
            _allowed[i] = 1 - limits[i].Percentile / 100;
        Open(options.StartRate, 0, WindowKind.Climb);
    }

    /// <summary>Whether nothing more should be sent.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The rate of the current window, requests per second.</summary>
    public double Rate => Current.Rate;

    /// <summary>When the current window ends, nanoseconds from the start.</summary>
    public long WindowEndNs => Current.EndNs;

    /// <summary>Requests sent and not ended.</summary>
    public int Outstanding { get; private set; }

    RateWindow Current => _windows[^1];

    /// <summary>
    /// How long an answer takes where the promise is kept; of all answers while none is known to be.
    /// </summary>
    double MeanE2eNs()
    {
        double kept = 0, all = 0;
        long keptCount = 0, count = 0;
        for (var i = 0; i < _windows.Count; i++)
        {
            (all, count) = (all + _windows[i].SumE2eNs, count + _windows[i].Ended);
            if (!_windows[i].Piled && Worst(i) <= 1 && _windows[i].Kind != WindowKind.Rest)
                (kept, keptCount) = (kept + _windows[i].SumE2eNs, keptCount + _windows[i].Ended);
        }
        return keptCount > 0 ? kept / keptCount : count > 0 ? all / count : UnknownE2eNs;
    }

    /// <summary>
    /// Says that a request was sent in the current window; the number it returns is its window.
    /// </summary>
    public int Sent()
    {
        Current.Sent++;
        Outstanding++;
        return _windows.Count - 1;
    }

    /// <summary>Says how a request ended.</summary>
    /// <param name="window">What <see cref="Sent"/> returned.</param>
    /// <param name="atNs">When it was due.</param>
    /// <param name="broken">Per limit, whether it broke it; a failed request broke all.</param>
    /// <param name="e2eNs">How long it took.</param>
    public void Ended(int window, long atNs, ReadOnlySpan<bool> broken, long e2eNs)
    {
        Outstanding--;
        _ended++;
        var of = _windows[window];
        of.Ended++;
        of.SumE2eNs += e2eNs;
        if (atNs < of.SteadyNs || atNs >= of.EndNs)
            return;
        of.Requests++;
        for (var limit = 0; limit < _limits.Count; limit++)
            of.Broken[limit] += broken[limit] ? 1 : 0;
    }

    /// <summary>At the end of a window: decides on the next, or that the search is over.</summary>
    public void Next()
    {
        var now = Current.EndNs;
        Current.Piled = Piled();
        if (now >= _options.BudgetNs)
        {
            IsOver = true;
            return;
        }
        switch (Current.Kind)
        {
            case WindowKind.Climb:
                Climb(now);
                break;
            case WindowKind.Rest when Outstanding > 0.5 * Expected(_line) + 1:
                Open(RestShare * _line, now, WindowKind.Rest);
                break;
            default:
                Measure(now);
                break;
        }
    }

    /// <summary>Says that a request was given up when the search was stopped: it tells nothing.</summary>
    public void Dropped() => Outstanding--;

    /// <summary>The line as far as it is known; meant for when all requests have ended.</summary>
    public LoadLineEstimate Estimate() => LineEstimate.Of(
        _windows, _limits, Line(), Used().Count, _options.StartRate, _ended);

    void Climb(long now)
    {
        if (IsBroken(_windows.Count - 1, ClearlyBroken) || IsBroken(_windows.Count - 2, ClearlyBroken))
        {
            var kept = Kept(below: 0.99 * Current.Rate);
            _line = kept > 0 ? Math.Sqrt(kept * Current.Rate) : RestShare * Current.Rate;
            Open(RestShare * _line, now, WindowKind.Rest);
            return;
        }
        // Nobody climbs blind: until half of a window's answers are there its rate is held.
        if (Current.Ended < 0.5 * Current.Sent)
        {
            Open(Current.Rate, now, WindowKind.Climb);
        }
        else if (Current.Rate >= _options.MostRate
            && LineEstimate.HighestKept(_windows, _limits) >= _options.MostRate)
        {
            IsOver = true;
        }
        else
        {
            Open(Math.Min(ClimbFactor * Current.Rate, _options.MostRate), now, WindowKind.Climb);
        }
    }

    /// <summary>The highest rate below another at which the promise was kept; 0 where none is.</summary>
    double Kept(double below)
    {
        double kept = 0;
        for (var i = 0; i < _windows.Count; i++)
        {
            if (_windows[i].Rate < below && _windows[i].Ended > 0.8 * _windows[i].Sent
                && !_windows[i].Piled && Worst(i) <= 1)
            {
                kept = Math.Max(kept, _windows[i].Rate);
            }
        }
        return kept;
    }

    void Measure(long now)
    {
        if (Current.Kind == WindowKind.Measure && (Current.Piled || IsOverrun()))
        {
            _overrun = true;
            _line = Math.Min(_line, Current.Rate) * (Current.Piled ? 0.9 : 0.95);
            Open(RestShare * _line, now, WindowKind.Rest);
            return;
        }
        var (rate, low, high, _, slope) = Line();
        if (rate is { } line)
        {
            // A fit to few windows may be far off: it moves the search, but not out of sight.
            _line = Math.Clamp(line, 0.75 * _line, 1.3 * _line);
            if (Used().Count >= FewestWindows && high - line <= _options.Precision * line
                && line - low <= _options.Precision * line)
            {
                IsOver = true;
                return;
            }
        }
        var offset = Offsets[_measured++ % Offsets.Length] * Math.Clamp(UsualSlope / slope, 0.5, 1);
        Open(Math.Min((1 + offset) * _line, _options.MostRate), now, WindowKind.Measure);
    }

    void Open(double rate, long now, WindowKind kind)
    {
        var length = kind switch
        {
            WindowKind.Climb => (long)Math.Clamp(Math.Max(1e9 * ClimbRequests / rate, 1.5 * MeanE2eNs()),
                _share * LeastClimbNs, MostClimbNs),
            WindowKind.Rest => (long)(_share * RestNs),
            _ => (long)Math.Clamp(Math.Max(1e9 * WindowRequests / rate, 6 * MeanE2eNs()),
                _share * LeastWindowNs, MostWindowNs),
        };
        var settling = kind switch
        {
            WindowKind.Measure => (long)Math.Min(1.5 * MeanE2eNs(), 0.3 * length),
            // What is cold at the very start says nothing of the rate.
            WindowKind.Climb when now == 0 => length / 2,
            _ => 0,
        };
        var end = Math.Min(now + length, Math.Max(now + 1, _options.BudgetNs));
        _windows.Add(new RateWindow(rate, now, now + settling, end, kind,
            _limits.Count) { OutstandingBefore = Outstanding });
    }

    /// <summary>
    /// Whether answers pile up: far more are under way than rate and length of an answer explain, or their
    /// number grew by more than chance over a window that answers had the time to leave.
    /// </summary>
    bool Piled()
    {
        if (Outstanding > 3 * Expected(Current.Rate) + 20)
            return true;
        var length = Current.EndNs - Current.StartNs;
        if (Current.StartNs == 0 || length < 1.2 * MeanE2eNs())
            return false;
        var grew = Outstanding - Current.OutstandingBefore;
        var usual = Current.Kind == WindowKind.Climb ? 0.5 : 0.3;
        return grew > usual * Current.Sent + 4 * Math.Sqrt(Current.OutstandingBefore + 1);
    }

    /// <summary>
    /// Whether a window broke so much, and left so many under way, that the next would measure what this one
    /// left.
    /// </summary>
    bool IsOverrun() => Current.Worst(_allowed) > 6 && Outstanding > 1.25 * Expected(Current.Rate) + 10;

    double Expected(double rate) => rate * MeanE2eNs() / 1e9;

    /// <summary>A hiccup breaks a few requests at any rate; a window is broken by several.</summary>
    bool IsBroken(int window, double share) => window >= 0 && _windows[window].IsBroken(_allowed, share);

    double Worst(int window) =>
        window >= 0 && _windows[window].IsTold ? _windows[window].Worst(_allowed) : 0;

    /// <summary>Windows that speak of the line: those that measure, and climbs not far below it.</summary>
    List<RateWindow> Used()
    {
        var used = new List<RateWindow>();
        foreach (var window in _windows)
        {
            if (window.Kind == WindowKind.Measure && window.Requests > 0
                && window.Ended >= 0.98 * window.Sent)
            {
                used.Add(window);
            }
        }
        return used;
    }

    /// <summary>
    /// The lowest crossing of all limits, and its interval; null without a window to rest on. A limit that
    /// surely holds at the line has no say in the interval, however little is known of where it would break.
    /// </summary>
    (double? Rate, double Low, double High, int Binding, double Slope) Line()
    {
        var used = Used();
        if (used.Count == 0)
            return (null, 0, 0, 0, UsualSlope);
        var crossings = new BreakCurve.Crossing[_limits.Count];
        var binding = 0;
        for (var limit = 0; limit < _limits.Count; limit++)
        {
            crossings[limit] = BreakCurve.Find(Points(used, limit), _allowed[limit]);
            if (crossings[limit].LogRate < crossings[binding].LogRate)
                binding = limit;
        }
        var line = crossings[binding].LogRate;
        double low = double.MaxValue, high = double.MaxValue;
        var reach = StudentT.InvCDF(0, 1, Math.Max(1, used.Count - 2), Reach);
        for (var limit = 0; limit < _limits.Count; limit++)
        {
            var (at, error) = (crossings[limit].LogRate, crossings[limit].StandardError);
            high = Math.Min(high, Math.Exp(at + reach * error));
            if (limit == binding || !crossings[limit].IsBelowAt(line, reach))
                low = Math.Min(low, Math.Exp(at - reach * error));
        }
        if (_overrun)
            low *= 1 - Math.Min(0.5, SlowQueue / Math.Sqrt(Math.Max(1, used.Sum(w => w.Requests))));
        return (Math.Exp(line), low, high, binding, crossings[binding].Slope);
    }

    static List<(double Rate, double Requests, double Broken)> Points(List<RateWindow> used, int limit) =>
        used.ConvertAll(w => (w.Rate, (double)w.Requests,
            w.Piled ? Math.Max(w.Broken[limit], PiledShare * w.Requests) : w.Broken[limit]));
}
