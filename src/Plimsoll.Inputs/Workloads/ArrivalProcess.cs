using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads;

/// <summary>How arrivals scatter around their mean rate.</summary>
public enum ArrivalProcess
{
    /// <summary>The workload's own arrivals: a trace's timestamps, a family's fitted process.</summary>
    Own,

    /// <summary>
    /// The workload's own, drawn so that in the time of the run its slow rate goes through exactly its
    /// distribution: what a long run meets, in a shorter one. Of a trace, its timestamps.
    /// </summary>
    Representative,

    /// <summary>Independent users: exponential gaps at the same mean rate and lengths.</summary>
    Poisson,

    /// <summary>
    /// The workload's own, their mean following demand over the week hour by hour, from Monday's first hour
    /// on. A trace has the days it has.
    /// </summary>
    Week,

    /// <summary>Every request present at time zero.</summary>
    AtOnce,
}

public static class ArrivalProcesses
{
    public static Choices<ArrivalProcess> All { get; } = new(
        ("own", ArrivalProcess.Own), ("week", ArrivalProcess.Week), ("poisson", ArrivalProcess.Poisson),
        ("at-once", ArrivalProcess.AtOnce));
}
