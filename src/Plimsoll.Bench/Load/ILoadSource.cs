namespace Plimsoll.Bench.Load;

/// <summary>Planned requests in order of time: one level's, or several levels' merged.</summary>
public interface ILoadSource
{
    /// <summary>When the next request is due; false when none is known.</summary>
    bool TryPeek(out long atNs);

    /// <summary>Takes the request that <see cref="TryPeek"/> announced.</summary>
    void Take(out PlannedRequest request);

    /// <summary>Tells a closed loop that the answer of a session is there.</summary>
    void Finished(int level, int session, long nowNs);
}
