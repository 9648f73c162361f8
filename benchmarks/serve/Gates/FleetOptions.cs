using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>The fleet behind a simulated gateway, and what is asked of it.</summary>
sealed record FleetOptions
{
    public required StepTimeModel StepTime { get; init; }

    public required SchedulerOptions Limits { get; init; }

    /// <summary>What the twin believes; the truth where it is null.</summary>
    public StepTimeModel? Believed { get; init; }

    public int Replicas { get; init; } = 1;

    public long TtftNs { get; init; } = 500_000_000;

    public long ItlNs { get; init; } = 75_000_000;

    /// <summary>Time from a step's end until its tokens are at the gateway.</summary>
    public long ReturnNs { get; init; } = 10_000_000;

    /// <summary>Standard deviation of a step around its prediction.</summary>
    public double Noise { get; init; } = 0.05;

    /// <summary>Share of interactive requests that reach the engine past the gateway.</summary>
    public double UnseenShare { get; init; }

    public double SecondsMeasured { get; init; } = 150;

    public double SecondsBefore { get; init; } = 20;

    public ulong Seed { get; init; } = 1;
}
