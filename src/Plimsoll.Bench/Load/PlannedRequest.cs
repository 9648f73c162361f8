using System;

namespace Plimsoll.Bench.Load;

/// <summary>One request as the load has it, before it has a body.</summary>
public struct PlannedRequest
{
    /// <summary>When it should be sent, nanoseconds from the start of the run.</summary>
    public long AtNs;

    public int PromptTokens;

    public int OutputTokens;

    /// <summary>Keys of the prompt's leading blocks; each names its block and all before it.</summary>
    public ReadOnlyMemory<ulong> PrefixKeys;

    /// <summary>Tokens per key; 0 when there are none.</summary>
    public int PrefixBlockTokens;

    /// <summary>The session that waits for the answer; negative when nobody does.</summary>
    public int Session;

    public int Level;

    /// <summary>
    /// Number of the stream it comes from: where a search opens its load anew, nothing of the new stream has
    /// been said in the old one.
    /// </summary>
    public ulong Stream;

    /// <summary>Its place among the requests of the run.</summary>
    public long Index;
}
