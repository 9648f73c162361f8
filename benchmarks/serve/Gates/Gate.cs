using System;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>Decides how many batch lines may be out, without a model of the engine.</summary>
abstract class Gate
{
    public abstract string Name { get; }

    /// <summary>Whether another line may go to the replica.</summary>
    public virtual bool MayRelease(ReplicaState replica) => replica.BatchOut < replica.Limit;

    /// <summary>What a scrape of the engine's metrics said, once a second.</summary>
    public virtual void Scrape(ReplicaState replica, int waiting, double kvUsage)
    {
    }

    /// <summary>An interactive token came so long after the one before, or after sending.</summary>
    public virtual void Hear(ReplicaState replica, bool first, double shareOfPromise)
    {
    }
}

/// <summary>Everything at once, as far as connections go.</summary>
sealed class OpenGate : Gate
{
    public override string Name => "no gate";

    public override bool MayRelease(ReplicaState replica) => replica.BatchOut < 512;
}

sealed class FixedGate(int lines) : Gate
{
    public override string Name => $"fixed {lines}";

    public override bool MayRelease(ReplicaState replica) => replica.BatchOut < lines;
}

/// <summary>One batch prompt in prefill at a time; the next goes out when its first token is back.</summary>
sealed class ClockedGate(int lines) : Gate
{
    public override string Name => $"clocked, {lines} lines";

    public override bool MayRelease(ReplicaState replica) =>
        replica.BatchOut < lines && replica.BatchInPrefill == 0;
}

/// <summary>
/// Additive increase while nothing waits and KV is below the threshold, halved otherwise; told once a second.
/// </summary>
sealed class AimdGate(double mostKv, int step) : Gate
{
    public override string Name => $"AIMD on queue and KV {mostKv:0.00}, +{step}";

    public override void Scrape(ReplicaState replica, int waiting, double kvUsage) =>
        replica.Limit = waiting > 0 || kvUsage > mostKv
        ? Math.Max(1, replica.Limit / 2)
        : Math.Min(512, replica.Limit + step);
}

/// <summary>The same on the last second's interactive latencies: more than a twentieth above a share of the
/// promise halves it.</summary>
sealed class LatencyGate(double share, int step) : Gate
{
    public override string Name => $"AIMD on latency {share:0.0}, +{step}";

    public override void Hear(ReplicaState replica, bool first, double shareOfPromise)
    {
        replica.Samples[first ? 0 : 1]++;
        if (shareOfPromise > share)
            replica.LateSamples[first ? 0 : 1]++;
    }

    public override void Scrape(ReplicaState replica, int waiting, double kvUsage)
    {
        var late = replica.LateSamples[0] * 20 > replica.Samples[0]
            || replica.LateSamples[1] * 20 > replica.Samples[1];
        replica.Limit = late ? Math.Max(1, replica.Limit / 2) : Math.Min(512, replica.Limit + step);
        Array.Clear(replica.Samples);
        Array.Clear(replica.LateSamples);
    }
}
