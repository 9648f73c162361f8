using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// Measures how late this client reads what has arrived: a connection of its own over loopback, on which a
/// byte is written fifty times a second and read by the same machinery that reads answers. What it waits for
/// there, every token's stamp waits for too.
/// </summary>
sealed class LagProbe : IDisposable
{
    const int PeriodMs = 20;

    readonly Socket _near;
    readonly Socket _far;
    readonly Timer _timer;
    readonly QuantileSketch _lags = new();
    readonly Lock _gate = new();
    long _writtenAt;

    public LagProbe()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _near.Connect(listener.LocalEndPoint!);
        _far = listener.Accept();
        _ = Read();
        _timer = new Timer(_ => Write(), null, PeriodMs, PeriodMs);
    }

    /// <summary>
    /// The lag that all but one in a hundred reads stay below, nanoseconds; null with too few of them.
    /// </summary>
    public long? P99Ns()
    {
        lock (_gate)
            return _lags.Count < PercentileSamples.Needed(99) ? null : _lags.Percentile(99);
    }

    /// <summary>The highest percentile of the lags that is known.</summary>
    public KnownPercentile? Judged()
    {
        lock (_gate)
            return JudgedPercentile.Of(_lags);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _near.Dispose();
        _far.Dispose();
    }

    void Write()
    {
        try
        {
            if (Interlocked.CompareExchange(ref _writtenAt, Stopwatch.GetTimestamp(), 0) == 0)
                _near.Send([1]);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The probe is being taken down.
        }
    }

    async Task Read()
    {
        var buffer = new byte[1];
        try
        {
            while (await _far.ReceiveAsync(buffer.AsMemory()).ConfigureAwait(false) > 0)
            {
                var lagNs = Stopwatch.GetElapsedTime(Interlocked.Exchange(ref _writtenAt, 0)).Ticks * 100;
                lock (_gate)
                    _lags.Add(Math.Max(0, lagNs));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The probe is being taken down.
        }
    }
}
