using System;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>One request as a trace file tells it.</summary>
public struct TraceRow
{
    public TraceRow()
    {
    }

    /// <summary>
    /// Nanoseconds: since 1970 when the file has dates, since its own zero otherwise.
    /// <see cref="NoTime"/> when the file has lengths only.
    /// </summary>
    public long AtNs = NoTime;

    public int PromptTokens;

    public int OutputTokens;

    /// <summary>
    /// Keys of the prompt's whole leading blocks, each naming its block and all before it. Valid until the
    /// next row is read.
    /// </summary>
    public ReadOnlyMemory<ulong> PrefixKeys;

    /// <summary>
    /// Conversation or agent session, numbered from 0 by first appearance; -1 when not told.
    /// </summary>
    public int Session = -1;

    /// <summary>Place of its level's name in <see cref="TraceReader.Levels"/>.</summary>
    public int Level;

    /// <summary>Lower goes first, as in vLLM; null when not told.</summary>
    public int? Priority;

    /// <summary>Numbered from 0 by first appearance; 0 when not told.</summary>
    public int Tenant;

    /// <summary>Numbered from 1 by first appearance; 0 for none.</summary>
    public int Adapter;

    /// <summary>What this request was promised for itself.</summary>
    public Deadlines Deadlines;

    /// <summary>Closed loop: from the end of the session's previous answer to this request.</summary>
    public long ThinkNs;

    public const long NoTime = long.MinValue;

    public readonly bool HasTime => AtNs != NoTime;
}
