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
    readonly Socket _near;
    readonly Socket _far;
    readonly Timer _timer;
    readonly LagSamples _lags = new();
    readonly Lock _gate = new();

    public LagProbe()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        _near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _near.Connect(listener.LocalEndPoint!);
        _far = listener.Accept();
        _ = Read();
        _timer = new Timer(_ => Write(), null, LagSamples.PeriodMs, LagSamples.PeriodMs);
    }

    /// <summary>
    /// The lag that all but one in a hundred reads stay below, nanoseconds; null with too few of them.
    /// </summary>
    public long? P99Ns()
    {
        lock (_gate)
        {
            var lags = _lags.Sketch;
            return lags.Count < PercentileSamples.Needed(99) ? null : lags.Percentile(99);
        }
    }

    /// <summary>The highest percentile of the lags that is known.</summary>
    public KnownPercentile? Judged()
    {
        lock (_gate)
            return JudgedPercentile.Of(_lags.Sketch);
    }

    /// <summary>The longest lag, nanoseconds; null where none was seen.</summary>
    public long? MaxNs()
    {
        lock (_gate)
            return _lags.MaxNs;
    }

    public void Dispose()
    {
        _timer.Dispose();
        _near.Dispose();
        _far.Dispose();
    }

    static long NowNs() => (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;

    void Write()
    {
        try
        {
            bool writes;
            lock (_gate)
                writes = _lags.TryWrite(NowNs());
            if (writes)
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
                var now = NowNs();
                lock (_gate)
                    _lags.Read(now);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The probe is being taken down.
        }
    }
}
