using System.Collections.Generic;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine.Simulated;

/// <summary>What a simulated engine pretends to be.</summary>
public sealed record SimulatedOptions
{
    /// <summary>Name that requests use.</summary>
    public required string Model { get; init; }

    public required StepTimeModel StepTime { get; init; }

    /// <summary>Limits of one engine rank.</summary>
    public required SchedulerOptions Limits { get; init; }

    /// <summary>Engine ranks, each with its own scheduler and memory.</summary>
    public int Ranks { get; init; } = 1;

    public int MaxModelTokens { get; init; } = 131_072;

    /// <summary>Median tokens of an answer whose length nobody fixes; lengths are lognormal.</summary>
    public double MedianOutputTokens { get; init; } = 150;

    /// <summary>Standard deviation of the logarithm of the length.</summary>
    public double OutputSpread { get; init; } = 0.8;

    public ulong Seed { get; init; } = 1;

    /// <summary>Dimensions of an embedding.</summary>
    public int EmbeddingSize { get; init; } = 768;

    public SimulatedFaults Faults { get; init; } = SimulatedFaults.None;

    /// <summary>Files that record what each rank's scheduler was told, one a rank; empty for none.</summary>
    public IReadOnlyList<string> DecisionLogs { get; init; } = [];

    /// <summary>What the step times are made of, for the logs; null where nobody can say.</summary>
    public DeploymentSteps? Steps { get; init; }
}

/// <summary>Faults to inject, as shares of requests; drawn from the prompt and the seed.</summary>
public sealed record SimulatedFaults
{
    public static SimulatedFaults None { get; } = new();

    /// <summary>Answers that fail half-way.</summary>
    public double ErrorShare { get; init; }

    /// <summary>Answers that stop half-way without an end, for <see cref="StallNs"/>.</summary>
    public double StallShare { get; init; }

    public long StallNs { get; init; } = 30_000_000_000;

    /// <summary>Answers whose connection is cut half-way.</summary>
    public double DropShare { get; init; }

    /// <summary>Answers whose first token comes late by <see cref="SlowFirstTokenNs"/>.</summary>
    public double SlowFirstTokenShare { get; init; }

    public long SlowFirstTokenNs { get; init; } = 5_000_000_000;

    public bool Any => ErrorShare + StallShare + DropShare + SlowFirstTokenShare > 0;

    /// <summary>The fault of a request, by a uniform draw.</summary>
    internal SimulatedFault Draw(double unit)
    {
        if ((unit -= ErrorShare) < 0)
            return SimulatedFault.Error;
        if ((unit -= StallShare) < 0)
            return SimulatedFault.Stall;
        if ((unit -= DropShare) < 0)
            return SimulatedFault.Drop;
        return unit - SlowFirstTokenShare < 0 ? SimulatedFault.SlowFirstToken : SimulatedFault.None;
    }
}

enum SimulatedFault : byte
{
    None,
    Error,
    Stall,
    Drop,
    SlowFirstToken,
}
