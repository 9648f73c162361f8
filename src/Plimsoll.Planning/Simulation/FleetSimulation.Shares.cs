namespace Plimsoll.Planning.Simulation;

/// <summary>What is counted between the warm-up's end and the last arrival: batch work, and whose the time
/// was.</summary>
public sealed partial class FleetSimulation
{
    BatchResult _batchBefore = BatchResult.None;
    BatchResult? _batchAfter;
    long[] _computedBefore = [];
    long[] _computedAfter = [];

    void EndWarmup(long nowNs)
    {
        _meter.MeasureGaps = true;
        _batchBefore = BatchResult.Of(_replicas, nowNs);
        _computedBefore = Computed();
        foreach (var replica in _replicas)
        {
            if (replica.Batch is { } feed)
                feed.IsMeasured = true;
        }
    }

    /// <summary>No interactive request will come: batch work is counted up to here, and ends.</summary>
    void CloseBatch(long nowNs)
    {
        if (_batchAfter is not null)
            return;
        foreach (var replica in _replicas)
        {
            if (replica.Batch is { } feed)
                (feed.IsClosed, feed.IsMeasured) = (true, false);
        }
        _batchAfter = BatchResult.Of(_replicas, nowNs);
        _computedAfter = Computed();
    }

    long[] Computed()
    {
        var sums = new long[_options.Levels.Count + 1];
        foreach (var replica in _replicas)
        {
            for (var account = 0; account < sums.Length; account++)
                sums[account] += replica.ComputingNs[account];
        }
        return sums;
    }

    /// <summary>Null where there is one account only, or no time to share.</summary>
    TimeShares? SharesOfTime()
    {
        if (!_options.AttributeTime || (_options.Levels.Count == 1 && _options.BatchWorkload is null)
            || _batchAfter is null || _batchAfter.SpanS <= _batchBefore.SpanS)
        {
            return null;
        }
        var spanS = _batchAfter.SpanS - _batchBefore.SpanS;
        var shares = new double[_computedAfter.Length];
        for (var account = 0; account < shares.Length; account++)
        {
            var before = account < _computedBefore.Length ? _computedBefore[account] : 0;
            shares[account] = (_computedAfter[account] - before) / (spanS * 1e9 * _replicas.Length);
        }
        return new TimeShares(spanS, shares);
    }
}
