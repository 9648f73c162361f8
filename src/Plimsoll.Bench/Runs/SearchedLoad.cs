using System;
using System.Collections.Generic;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// A search of the load line against a live endpoint: what is sent next, and what became of it.
/// </summary>
sealed class SearchedLoad : ILoadSource
{
    readonly IReadOnlyList<Limit> _limits;
    readonly LoadLineFinder _finder;
    readonly SearchedArrivals _arrivals;
    readonly ArrivalLoad _load;
    readonly List<int> _windows = [];
    readonly bool[] _broken;
    ulong _opened;

    public SearchedLoad(LevelOptions level, LoadLineOptions options)
    {
        _limits = level.Promise;
        _broken = new bool[_limits.Count];
        _finder = new LoadLineFinder(_limits, options);
        _arrivals = new SearchedArrivals(_finder, rate => LevelLoad.Open(
            level with { RequestsPerSecond = rate, Clients = null, Seed = level.Seed + 1000 * _opened++ }));
        _load = new ArrivalLoad(_arrivals, level: 0);
    }

    /// <summary>Where the search stands.</summary>
    public LoadLineFinder Finder => _finder;

    public bool TryPeek(out long atNs) => _load.TryPeek(out atNs);

    public void Take(out PlannedRequest request)
    {
        _load.Take(out request);
        request.Stream = _opened;
        _windows.Add(_arrivals.Window);
    }

    public void Finished(int level, int session, long nowNs)
    {
    }

    /// <summary>
    /// Tells the search of a request that ended; <paramref name="startNs"/> is the load's time zero.
    /// </summary>
    public void Ended(RequestRecord record, long startNs)
    {
        if (record.Failure == FailureKind.Cancelled)
        {
            _finder.Dropped();
            return;
        }
        for (var i = 0; i < _limits.Count; i++)
            _broken[i] = Breaks(record, _limits[i]);
        var last = record.Served ? record.LastTokenNs : record.EndNs;
        _finder.Ended(
            _windows[(int)record.Index], record.ScheduledNs - startNs, _broken,
                Math.Max(0, last - record.ScheduledNs));
    }

    static bool Breaks(RequestRecord record, Limit limit) =>
        !record.Served || limit.LimitNs < limit.Metric switch
    {
        Metric.Ttft => record.FirstTokenNs - record.ScheduledNs,
        Metric.Tpot => record.OutputTokens > 1
            ? (record.LastTokenNs - record.FirstTokenNs) / (record.OutputTokens - 1) : 0,
        _ => record.LastTokenNs - record.ScheduledNs,
    };
}
