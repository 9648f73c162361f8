using System;

namespace Plimsoll.Inputs.Workloads;

/// <summary>
/// One request as it reaches the fleet. Only the simulated executor knows its output length.
/// </summary>
public struct Arrival
{
    /// <summary>Arrival time, nanoseconds from the start of the run.</summary>
    public long AtNs;

    public int PromptTokens;

    public int OutputTokens;

    /// <summary>
    /// Keys of the prompt's whole leading blocks of <see cref="IArrivalSource.PrefixBlockTokens"/> tokens,
    /// each key naming the block and all before it. Empty when nothing is known of the content.
    /// </summary>
    public ReadOnlyMemory<ulong> PrefixKeys;

    /// <summary>Closed loop: the session that waits for this answer. Negative when nobody does.</summary>
    public int Session;
}
