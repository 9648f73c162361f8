using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// One replica's computing time by term, accumulated: what any stretch of simulated time was spent on.
/// </summary>
sealed class TermClock(StepTimeModel model)
{
    readonly List<long> _startNs = [];
    readonly List<long> _endNs = [];
    readonly List<TermVector> _before = [];
    TermVector _total;

    public void Add(in StepShape shape, int steps, long startNs, long stepNs)
    {
        _startNs.Add(startNs);
        _endNs.Add(startNs + (stepNs * steps));
        _before.Add(_total);
        _total.Add(TermVector.Of(model, shape), steps);
    }

    /// <summary>Computing time up to a moment.</summary>
    public TermVector At(long ns)
    {
        var at = _startNs.BinarySearch(ns);
        if (at < 0)
            at = ~at - 1;
        if (at < 0)
            return default;
        var vector = _before[at];
        var after = at + 1 < _before.Count ? _before[at + 1] : _total;
        var share = Math.Min(1, (double)(ns - _startNs[at]) / Math.Max(1, _endNs[at] - _startNs[at]));
        for (var i = 0; i < StepScale.Terms; i++)
            vector[i] += share * (after[i] - vector[i]);
        return vector;
    }
}
