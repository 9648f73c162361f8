using System;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Counts arrivals, given in order of time, in back-to-back windows from the first of them; the last,
/// unfinished window is left out.
/// </summary>
sealed class WindowCounter
{
    readonly long _windowNs;
    long _originNs = -1;
    long _window;
    long _count;
    double _sum;
    double _sumOfSquares;
    long _peak;

    public WindowCounter(long windowNs)
    {
        _windowNs = windowNs;
    }

    /// <summary>Whole windows so far.</summary>
    public long Windows => _window;

    /// <summary>
    /// Index of dispersion: variance of the counts ÷ their mean, 1 for Poisson arrivals. Null with fewer
    /// than two windows.
    /// </summary>
    public double? Dispersion
    {
        get
        {
            if (_window < 2 || _sum == 0)
                return null;
            var mean = _sum / _window;
            return (_sumOfSquares - (_sum * mean)) / (_window - 1) / mean;
        }
    }

    /// <summary>Busiest window ÷ the mean. Null with fewer than two windows.</summary>
    public double? PeakOverMean => _window < 2 || _sum == 0 ? null : _peak / (_sum / _window);

    public void Add(long atNs)
    {
        if (_originNs < 0)
            _originNs = atNs;
        var window = (atNs - _originNs) / _windowNs;
        if (window != _window)
        {
            _sum += _count;
            _sumOfSquares += (double)_count * _count;
            _peak = Math.Max(_peak, _count);
            _window = window;
            _count = 0;
        }
        _count++;
    }
}
