using System;
using Plimsoll.Core.Models;

namespace Plimsoll.Inputs.Workloads;

/// <summary>
/// One request as it reaches the fleet. Only the simulated executor knows its output length.
/// </summary>
public struct Arrival
{
    /// <summary>Arrival time, nanoseconds from the start of the run.</summary>
    public long AtNs;

    public int PromptTokens;

    /// <summary>0 where the request ends with its prompt.</summary>
    public int OutputTokens;

    /// <summary>Images of the prompt, where their sizes are known.</summary>
    public ReadOnlyMemory<ImageSize> Images;

    /// <summary>Prompt tokens that are images; they come first.</summary>
    public int ImageTokens;

    /// <summary>Patches of them that the model's encoder sees, and pairs of patches within a tile.</summary>
    public long EncoderPatches;

    public long EncoderPairs;

    /// <summary>
    /// Keys of the prompt's whole leading blocks of <see cref="IArrivalSource.PrefixBlockTokens"/> tokens,
    /// each key naming the block and all before it. Empty when nothing is known of the content.
    /// </summary>
    public ReadOnlyMemory<ulong> PrefixKeys;

    /// <summary>
    /// Place of its level in <see cref="Workload.Levels"/>; 0 where the workload tells none apart.
    /// </summary>
    public int Level;

    /// <summary>Lower goes first where the policy asks; null for the level's.</summary>
    public int? Priority;

    /// <summary>
    /// Whose request it is, numbered from 1 as in <see cref="Workload.Tenants"/>; 0 for nobody's.
    /// </summary>
    public int Tenant;

    /// <summary>The adapter that computes it, numbered from 1; 0 for the base model.</summary>
    public int Adapter;

    /// <summary>Deadlines of its own, nanoseconds from its arrival; 0 for the level's.</summary>
    public Deadlines Deadlines;

    /// <summary>Closed loop: the session that waits for this answer. Negative when nobody does.</summary>
    public int Session;
}
