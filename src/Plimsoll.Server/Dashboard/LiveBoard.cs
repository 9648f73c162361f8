using System;
using System.Collections.Generic;
using System.Threading;
using Plimsoll.Core.Scheduling;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Dashboard;

/// <summary>
/// What a level felt: 95th percentiles over the last ten seconds, milliseconds; null below 20 samples.
/// </summary>
readonly record struct LiveLatency(double? TtftMs, double? GapMs);

/// <summary>One second of the server's life.</summary>
sealed record LiveSecond
{
    /// <summary>Interactive first tokens a second.</summary>
    public double Requests { get; init; }

    public double InteractiveTokens { get; init; }

    public double BatchTokens { get; init; }

    /// <summary>What each interactive level felt.</summary>
    public required IReadOnlyDictionary<string, LiveLatency> Latencies { get; init; }

    public double? TwinErrorPercent { get; init; }

    /// <summary>USD per hour by level, idle and headroom among them, over the last second.</summary>
    public required IReadOnlyDictionary<string, double> UsdPerHour { get; init; }
}

/// <summary>
/// The last five minutes, second by second, for everybody who looks. It measures nothing itself: it takes
/// what metrics, ledger and twins have.
/// </summary>
sealed class LiveBoard : IDisposable
{
    public const int Seconds = 300;

    const int WindowSeconds = 10;
    const int LeastSamples = 20;

    readonly Lock _gate = new();
    readonly List<LiveSecond> _seconds = [];
    readonly Queue<Dictionary<string, (LatencyCounts Ttft, LatencyCounts Gaps)>> _window = new();
    readonly ModelDirectory _local;
    readonly IReadOnlyDictionary<string, UpstreamModel> _upstreams;
    readonly Func<Levels> _levels;
    readonly LedgerBook _book;
    readonly ITimer _timer;
    IReadOnlyDictionary<string, long> _spent;

    public LiveBoard(
        ModelDirectory local, IReadOnlyDictionary<string, UpstreamModel> upstreams, Func<Levels> levels,
        LedgerBook book, TimeProvider time)
    {
        (_local, _upstreams, _levels, _book) = (local, upstreams, levels, book);
        _spent = book.SpentByLevel();
        _timer = time.CreateTimer(_ => Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
    }

    /// <summary>The seconds so far, oldest first.</summary>
    public IReadOnlyList<LiveSecond> Look()
    {
        lock (_gate)
            return [.. _seconds];
    }

    public void Dispose() => _timer.Dispose();

    void Tick()
    {
        lock (_gate)
        {
            _seconds.Add(Next());
            if (_seconds.Count > Seconds)
                _seconds.RemoveAt(0);
        }
    }

    LiveSecond Next()
    {
        double requests = 0, interactive = 0, batch = 0;
        var felt = new Dictionary<string, (LatencyCounts Ttft, LatencyCounts Gaps)>(StringComparer.Ordinal);
        foreach (var metrics in AllMetrics())
        {
            foreach (var (level, samples) in metrics.Live.Take())
            {
                if (_levels().Find(level) is not { Class: ServiceClass.Interactive })
                {
                    batch += samples.Tokens;
                    continue;
                }
                requests += samples.Requests;
                interactive += samples.Tokens;
                if (!felt.TryGetValue(level, out var counts))
                    felt[level] = counts = (new LatencyCounts(), new LatencyCounts());
                counts.Ttft.Add(samples.Ttft);
                counts.Gaps.Add(samples.Gaps);
            }
        }
        _window.Enqueue(felt);
        if (_window.Count > WindowSeconds)
            _window.Dequeue();
        return new LiveSecond
        {
            Requests = requests,
            InteractiveTokens = interactive,
            BatchTokens = batch,
            Latencies = Latencies(),
            TwinErrorPercent = TwinError(),
            UsdPerHour = Spending(),
        };
    }

    IEnumerable<ModelMetrics> AllMetrics()
    {
        foreach (var model in _local.Local)
            yield return model.Metrics;
        foreach (var model in _upstreams.Values)
            yield return model.Metrics;
    }

    Dictionary<string, LiveLatency> Latencies()
    {
        var latencies = new Dictionary<string, LiveLatency>(StringComparer.Ordinal);
        foreach (var second in _window)
        {
            foreach (var level in second.Keys)
            {
                latencies.TryAdd(level, new LiveLatency(
                    P95Ms(level, felt => felt.Ttft), P95Ms(level, felt => felt.Gaps)));
            }
        }
        return latencies;
    }

    double? P95Ms(string level, Func<(LatencyCounts Ttft, LatencyCounts Gaps), LatencyCounts> which)
    {
        var all = new LatencyCounts();
        foreach (var second in _window)
        {
            if (second.TryGetValue(level, out var felt))
                all.Add(which(felt));
        }
        return all.Count < LeastSamples ? null : 1000 * all.Percentile(0.95);
    }

    double? TwinError()
    {
        double? worst = null;
        foreach (var model in _upstreams.Values)
        {
            for (var i = 0; model.Twins is { } twins && i < model.Replicas.Count; i++)
            {
                if (twins.Look(i, twin => twin.Errors.Median) is { } error)
                    worst = Math.Max(worst ?? 0, 100 * error);
            }
        }
        return worst;
    }

    Dictionary<string, double> Spending()
    {
        var now = _book.SpentByLevel();
        var spending = new Dictionary<string, double>();
        foreach (var (level, amount) in now)
        {
            var since = amount - (_spent.TryGetValue(level, out var before) ? before : 0);
            spending[level] = since * 3600 / 1e12;
        }
        _spent = now;
        return spending;
    }
}
