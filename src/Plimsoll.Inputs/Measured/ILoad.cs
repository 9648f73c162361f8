using Plimsoll.Inputs.Workloads;


namespace Plimsoll.Inputs.Measured;

/// <summary>What was asked of an engine while it was measured.</summary>
public interface ILoad
{
    /// <summary>Requests of the run.</summary>
    long Requests { get; }

    /// <summary>Requests before the first measured one.</summary>
    long WarmupRequests { get; }

    /// <summary>Requests after the last measured one.</summary>
    long CooldownRequests => 0;

    /// <summary>Whether an arrival waits for another request's answer.</summary>
    bool ClosedLoop { get; }

    /// <summary>Mean prompt and answer together, tokens: the context that window layers depend on.</summary>
    int MeanContextTokens { get; }

    /// <summary>The arrivals, the same every time.</summary>
    IArrivalSource Open();
}
