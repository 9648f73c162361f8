namespace Plimsoll.Inputs.Workloads;

/// <summary>A stream of arrivals in order of time: open (a trace, a family) or closed (sessions).</summary>
public interface IArrivalSource
{
    /// <summary>
    /// Tokens per prefix key; a multiple of the engine's block size. 0 when no request has keys.
    /// </summary>
    int PrefixBlockTokens { get; }

    /// <summary>
    /// Time of the next arrival. False when none is known: the stream has ended, or a closed loop waits
    /// for an answer.
    /// </summary>
    bool TryPeek(out long atNs);

    /// <summary>Takes the arrival that <see cref="TryPeek"/> announced.</summary>
    void Take(out Arrival arrival);

    /// <summary>Tells a closed loop that a session's answer is complete. Open streams ignore it.</summary>
    void Finished(int session, long nowNs);
}
