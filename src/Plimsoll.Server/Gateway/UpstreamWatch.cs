using System;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Asks a replica how it is, request or no request: two silent health checks on end take it out of service,
/// one answer brings it back. Where a twin runs along it is told what the engine's metrics say.
/// </summary>
sealed class UpstreamWatch : IDisposable
{
    static readonly TimeSpan _period = TimeSpan.FromSeconds(1);
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    const int RoundsPerHealthCheck = 5;
    const int MostFailures = 2;

    readonly UpstreamReplica _replica;
    readonly Action<int, int>? _observe;
    readonly CancellationTokenSource _stop = new();
    readonly Task _loop;

    /// <param name="replica">Whom to ask.</param>
    /// <param name="observe">Told requests running and waiting; null where nobody wants to know.</param>
    public UpstreamWatch(UpstreamReplica replica, Action<int, int>? observe, TimeProvider time)
    {
        _replica = replica;
        _observe = observe;
        _loop = LoopAsync(time);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _loop.ContinueWith(_ => _stop.Dispose(), TaskScheduler.Default);
    }

    async Task LoopAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(_period, time);
        var failures = 0;
        try
        {
            for (var round = 0; await timer.WaitForNextTickAsync(_stop.Token); round++)
            {
                if (round % RoundsPerHealthCheck == 0)
                {
                    failures = await _replica.IsAnsweringAsync(_patience, _stop.Token) ? 0 : failures + 1;
                    _replica.IsHealthy = failures < MostFailures;
                }
                if (_observe is not null && _replica.IsHealthy)
                    await ScrapeAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    async Task ScrapeAsync()
    {
        var metrics = await _replica.MetricsAsync(_patience, _stop.Token);
        if (metrics is not null && Sum(metrics, "vllm:num_requests_running") is { } running)
            _observe!(running, Sum(metrics, "vllm:num_requests_waiting") ?? 0);
    }

    /// <summary>A gauge over all its series in Prometheus' text; null when it is not there.</summary>
    internal static int? Sum(string metrics, string name)
    {
        double? sum = null;
        foreach (var line in metrics.AsSpan().EnumerateLines())
        {
            if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length == name.Length
                || line[name.Length] is not ('{' or ' '))
            {
                continue;
            }
            if (double.TryParse(line[(line.LastIndexOf(' ') + 1)..], NumberStyles.Float,
                CultureInfo.InvariantCulture, out var value))
            {
                sum = (sum ?? 0) + value;
            }
        }
        return sum is >= 0 and < 1e7 ? (int)sum : null;
    }
}
