namespace Plimsoll.Planning.Simulation;

/// <summary>What is counted between the warm-up's end and the last arrival: batch work, and whose the time
/// was.</summary>
public sealed partial class FleetSimulation
{
    BatchResult _batchBefore = BatchResult.None;
    BatchResult? _batchAfter;
    (long[] Ns, long[] Tokens) _computedBefore;
    (long[] Ns, long[] Tokens) _computedAfter;

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

    /// <summary>What batch work got; null without any.</summary>
    BatchResult? BatchOfRun() => _options.BatchWorkload is null || _batchAfter is not { } after ? null
        : after.Since(_batchBefore) with
        {
            IsOverloaded = _options.BatchLinesPerSecond is { } rate
                ? _linesHalfway.IsOverloaded(_linesAtTheEnd, rate * _lastArrivalNs / 1e9) : null,
        };

    /// <summary>Computing time so far and tokens, by account.</summary>
    (long[] Ns, long[] Tokens) Computed()
    {
        var sums = (Ns: new long[_options.Levels.Count + 1], Tokens: new long[_options.Levels.Count + 1]);
        foreach (var replica in _replicas)
        {
            for (var account = 0; account < sums.Ns.Length; account++)
            {
                sums.Ns[account] += replica.ComputingNs[account];
                sums.Tokens[account] += replica.PromptTokens[account] + replica.OutputTokens[account];
            }
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
        var shares = new double[_computedAfter.Ns.Length];
        var tokens = new double[shares.Length];
        for (var account = 0; account < shares.Length; account++)
        {
            shares[account] = (_computedAfter.Ns[account] - (_computedBefore.Ns?[account] ?? 0))
                / (spanS * 1e9 * _replicas.Length);
            tokens[account] = (_computedAfter.Tokens[account] - (_computedBefore.Tokens?[account] ?? 0))
                / spanS;
        }
        return new TimeShares(spanS, shares, tokens);
    }
}
