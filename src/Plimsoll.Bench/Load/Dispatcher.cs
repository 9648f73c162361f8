namespace Plimsoll.Bench.Load;

/// <summary>
/// Decides which request is sent when. It has no clock, thread or socket: time is an argument, so that a live
/// loop and a simulated one send the same requests at the same times.
/// <para>
/// A request is due when the load says so, whatever became of earlier ones. A limit on requests in flight
/// holds it back, but its latency still runs from the time when it was due.
/// </para>
/// </summary>
public sealed class Dispatcher
{
    readonly ILoadSource _load;
    readonly int _mostInFlight;
    bool _stopped;
    long _sent;

    /// <param name="load">What is sent.</param>
    /// <param name="mostInFlight">Requests that may be under way at once; 0 for any number.</param>
    public Dispatcher(ILoadSource load, int mostInFlight = 0)
    {
        _load = load;
        _mostInFlight = mostInFlight;
    }

    public int InFlight { get; private set; }

    /// <summary>Whether nothing is under way and nothing will be sent.</summary>
    public bool IsOver => InFlight == 0 && (_stopped || !_load.TryPeek(out _));

    /// <summary>Whether the limit holds back whatever falls due now.</summary>
    public bool IsFull => _mostInFlight > 0 && InFlight >= _mostInFlight;

    /// <summary>
    /// When the next request may be sent; null when that hangs on an answer, or when nothing is left. A time
    /// that has passed means now.
    /// </summary>
    public long? NextAtNs => !_stopped && !IsFull && _load.TryPeek(out var atNs) ? atNs : null;

    /// <summary>Takes the next request if it is due by <paramref name="nowNs"/> and may be sent.</summary>
    public bool TrySend(long nowNs, out PlannedRequest request)
    {
        request = default;
        if (NextAtNs is not { } atNs || atNs > nowNs)
            return false;
        _load.Take(out request);
        request.Index = _sent++;
        InFlight++;
        return true;
    }

    /// <summary>Says that a request has ended, well or not.</summary>
    public void Ended(int level, int session, long nowNs)
    {
        InFlight--;
        if (session >= 0)
            _load.Finished(level, session, nowNs);
    }

    /// <summary>Sends nothing more.</summary>
    public void Stop() => _stopped = true;
}
