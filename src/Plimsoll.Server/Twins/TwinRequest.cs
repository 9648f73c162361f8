using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Server.Twins;

/// <summary>
/// One request that is out there, as its twin sees it. Tokens heard run ahead of tokens given: what is given
/// is what the mirrored scheduler has let it have.
/// </summary>
public sealed class TwinRequest
{
    internal TwinRequest(int promptTokens, int maxOutputTokens, ReadOnlyMemory<ulong> keys, bool isBatch)
    {
        PromptTokens = promptTokens;
        MaxOutputTokens = maxOutputTokens;
        Keys = keys;
        IsBatch = isBatch;
    }

    public int PromptTokens { get; }

    public int MaxOutputTokens { get; }

    public bool IsBatch { get; }

    /// <summary>Tokens that came back.</summary>
    public int Heard { get; internal set; }

    /// <summary>When it was sent, nanoseconds.</summary>
    public long SentNs { get; internal init; }

    /// <summary>Time from sending to the first token as it was predicted then; 0 for no prediction.</summary>
    public long PredictedTtftNs { get; internal set; }

    /// <summary>Whether its first token has come.</summary>
    public bool HasStarted => Heard > 0;

    public bool IsOver { get; internal set; }

    internal ReadOnlyMemory<ulong> Keys { get; }

    internal RequestId Id { get; set; }

    /// <summary>The plan that gives it a token, by number; 0 for none.</summary>
    internal long ExpectedBy { get; set; }

    /// <summary>The plan that computes its prompt in part, by number; 0 for none.</summary>
    internal long PartlyBy { get; set; }

    /// <summary>Prompt tokens that have KV, the cached ones included.</summary>
    internal int Computed { get; set; }

    internal int Given { get; set; }

    /// <summary>Steps in a row that gave it nothing though they should have.</summary>
    internal int Silent { get; set; }

    internal long LastHeardNs { get; set; }

    /// <summary>First moment at which the engine can have it, in the time of what comes back.</summary>
    internal long VisibleNs { get; set; }

    /// <summary>It was sent to an engine that had nothing else.</summary>
    internal bool FoundIdle { get; set; }

    internal int Context => PromptTokens + Given;
}
