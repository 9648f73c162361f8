using System;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// The live loop: one thread that sleeps until a request is due, builds its body and begins to send it;
/// answers are read wherever their bytes arrive. Ended requests come back to that thread, the only one that
/// touches the dispatcher and the measures: what is due is sent before what has ended is measured.
/// </summary>
public sealed class LoadRunner
{
    readonly Endpoint _endpoint;
    readonly Dispatcher _dispatcher;
    readonly IBodySource _bodies;
    readonly RunClock _clock;
    readonly Action<RequestRecord> _ended;
    readonly ConcurrentQueue<RequestRecord> _inbox = new();
    readonly ConcurrentBag<RequestRecord> _free = [];
    long _fullUntilNs = long.MinValue;
    readonly AutoResetEvent _wake = new(false);
    volatile Exception? _defect;

    /// <param name="endpoint">Where requests go.</param>
    /// <param name="dispatcher">Which are sent when.</param>
    /// <param name="bodies">What they say.</param>
    /// <param name="clock">The run's clock.</param>
    /// <param name="ended">Told of each request that ended, on the loop's thread; it may not
    /// keep the record.</param>
    public LoadRunner(
        Endpoint endpoint, Dispatcher dispatcher, IBodySource bodies, RunClock clock,
            Action<RequestRecord> ended)
    {
        (_endpoint, _dispatcher, _bodies, _clock, _ended) = (endpoint, dispatcher, bodies, clock, ended);
    }

    /// <summary>Told when each request that is sent was due, on the loop's thread.</summary>
    public Action<long>? Due { get; init; }

    /// <summary>Called at least every tenth of a second, on the loop's thread.</summary>
    public Action<long>? Tick { get; init; }

    /// <summary>Whether the loop's thread has real-time priority; known once it runs.</summary>
    public bool IsRealTime { get; private set; }

    /// <summary>Runs the load to its end on the calling thread.</summary>
    /// <param name="endNs">Nothing is sent from then on; answers under way are awaited.</param>
    /// <param name="stop">Sends nothing more and gives up the answers under way.</param>
    public void Run(long endNs, CancellationToken stop)
    {
        using var registration = stop.Register(() => _wake.Set());
        using var punctual = new PunctualThread();
        IsRealTime = punctual.IsRealTime;
        while (true)
        {
            var now = _clock.NowNs;
            if (stop.IsCancellationRequested || now >= endNs)
                _dispatcher.Stop();
            while (_dispatcher.TrySend(now, out var request))
            {
                Launch(request, stop);
                now = _clock.NowNs;
            }
            Tick?.Invoke(now);
            if (Collect(now))
                continue;
            if (_defect is { } defect)
                ExceptionDispatchInfo.Throw(defect);
            if (_dispatcher.IsOver)
                break;
            _clock.WaitUntil(Math.Min(_dispatcher.NextAtNs ?? long.MaxValue, now + 100_000_000), _wake);
        }
    }

    /// <summary>Takes one ended request, so that none that is due waits for many that have ended.</summary>
    bool Collect(long now)
    {
        if (!_inbox.TryDequeue(out var record))
            return false;
        if (_dispatcher.IsFull)
            _fullUntilNs = now;
        _dispatcher.Ended(record.Level, record.Session, now);
        _ended(record);
        record.Clear();
        _free.Add(record);
        return true;
    }

    void Launch(in PlannedRequest request, CancellationToken stop)
    {
        if (!_free.TryTake(out var record))
            record = new RequestRecord();
        record.Clear();
        record.Index = request.Index;
        record.Level = request.Level;
        record.Session = request.Session;
        record.ScheduledNs = request.AtNs;
        record.HeldBack = request.AtNs < _fullUntilNs;
        Due?.Invoke(request.AtNs);
        var body = _bodies.Build(request);
        record.AskedPromptTokens = body.PromptTokens;
        record.AskedOutputTokens = body.OutputTokens;
        record.SharedShare = body.SharedShare;
        _ = Send(body, record, stop);
    }

    async Task Send(RequestBody body, RequestRecord record, CancellationToken stop)
    {
        try
        {
            await _endpoint.Send(body.Json, record, body.ApiKey, stop).ConfigureAwait(false);
            body.Release();
            _inbox.Enqueue(record);
        }
        catch (Exception defect)
        {
            // The loop waits for every request: one that is lost without a word would keep it for ever.
            _defect = defect;
        }
        _wake.Set();
    }
}
