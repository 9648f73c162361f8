namespace Plimsoll.Core.Scheduling;

/// <summary>When the tokens after the first are due.</summary>
public enum Pacing : byte
{
    /// <summary>Each at most the limit after the one before.</summary>
    Strict,

    /// <summary>The i-th at most i limits after the first: what is early now may be late later.</summary>
    Paced,
}

/// <summary>What becomes of a request whose promise cannot be kept when it arrives.</summary>
public enum Overload : byte
{
    /// <summary>It waits and may be late.</summary>
    Queue,

    /// <summary>It is turned away with a time after which it would be accepted.</summary>
    Reject,

    /// <summary>
    /// It is taken in as batch work; where no level is batch, it is turned away.
    /// </summary>
    Relegate,
}

/// <summary>
/// A level of service that requests are sold: their class, their limits and what happens when it is crowded.
/// A scheduler is given the table of its levels; requests name theirs by its place in it.
/// </summary>
public sealed record ServiceLevelSpec
{
    public required string Name { get; init; }

    public ServiceClass Class { get; init; }

    /// <summary>Longest time to the first token, nanoseconds; null for no limit.</summary>
    public long? TtftNs { get; init; }

    /// <summary>Longest gap between tokens, nanoseconds; null for no limit.</summary>
    public long? ItlNs { get; init; }

    /// <summary>Longest time to the last token, nanoseconds; the completion window of batch work.</summary>
    public long? CompletionNs { get; init; }

    public Pacing Pacing { get; init; }

    public Overload Overload { get; init; }

    /// <summary>What its requests carry where they have no priority of their own; lower goes first.</summary>
    public int Priority { get; init; }

    /// <summary>Share of this level among those of its class that compete for the same tokens.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>
    /// Batch: share of the engine's time, as it is billed, that is promised to it whatever else waits, 0 to
    /// 1; as far as the same share of the KV blocks and of the sequences, promised with it, has use for it.
    /// </summary>
    public double MinShare { get; init; }

    /// <summary>
    /// Most that can be promised to all levels of batch work together: interactive work has at least a
    /// hundredth where there is any.
    /// </summary>
    public static double MostShared(bool hasInteractive) => hasInteractive ? 0.99 : 1;

    /// <summary>The one level of a scheduler that is told of none: interactive, without limits.</summary>
    public static ServiceLevelSpec Default { get; } = new() { Name = "default" };

    /// <summary>Batch work without a promise.</summary>
    public static ServiceLevelSpec Batch { get; } =
        new() { Name = "batch", Class = ServiceClass.Batch, Priority = 1 };
}
