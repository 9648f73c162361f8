using System;
using Plimsoll.Core.Costing;

namespace Plimsoll.Server.Ledger;

/// <summary>How an answer ended, as the ledger keeps it.</summary>
public enum RequestStatus : byte
{
    Open,
    Completed,
    Cancelled,
    Failed,
    Refused,
}

/// <summary>One request in the ledger: who it is for, and what it has cost so far.</summary>
public sealed class RequestEntry
{
    internal RequestEntry(long id, string requestId, DateTimeOffset at)
    {
        Id = id;
        RequestId = requestId;
        At = at;
    }

    /// <summary>Handle that engine steps carry.</summary>
    public long Id { get; }

    public string RequestId { get; }

    public DateTimeOffset At { get; }

    public required string Tenant { get; init; }

    public required string Level { get; init; }

    public required string Model { get; init; }

    public string Adapter { get; init; } = "";

    public string Release { get; set; } = "";

    /// <summary>Whether the charges are estimates, because the engine tells no steps.</summary>
    public bool Estimated { get; set; }

    /// <summary>What was asked for, as OpenTelemetry names it: chat, text_completion, embeddings.</summary>
    public string Operation { get; init; } = "chat";

    /// <summary>Engine that its last tokens came from, as the ledger names it; null before the
    /// first.</summary>
    public string? Engine { get; set; }

    /// <summary>When the first step with it began, nanoseconds on its engine's clock; 0 before
    /// that.</summary>
    public long FirstStepNs { get; internal set; }

    public StepCharge Charge { get; internal set; }

    public int PromptTokens { get; set; }

    public int CachedTokens { get; set; }

    public int OutputTokens { get; set; }

    /// <summary>Tokens of the answer that were guessed and checked.</summary>
    public long DraftTokens { get; internal set; }

    /// <summary>Of those, the right ones.</summary>
    public long AcceptedTokens { get; internal set; }

    public long? TtftNs { get; set; }

    public long? E2eNs { get; set; }

    /// <summary>Longest gap between two tokens, nanoseconds.</summary>
    public long? WorstItlNs { get; set; }

    /// <summary>Whether the promise was kept; null when nothing was promised.</summary>
    public bool? Kept { get; set; }

    /// <summary>Whether the answer ended at its limit rather than by itself.</summary>
    public bool IsCut { get; set; }

    public RequestStatus Status { get; internal set; }

    /// <summary>
    /// When it closed, ticks of the book's clock; steps in flight may still charge it for a while.
    /// </summary>
    internal long ClosedAt { get; set; }

    internal LedgerTotals? Totals { get; set; }

    /// <summary>The request's span; null where nobody collects them.</summary>
    internal System.Diagnostics.Activity? Span { get; set; }

    /// <summary>Whether a promise was kept, as far as a first token and gaps have been seen.</summary>
    public void Judge(long? promisedTtftNs, long? promisedItlNs)
    {
        if (TtftNs is { } ttft && (promisedTtftNs ?? promisedItlNs) is not null)
            Kept = !(ttft > promisedTtftNs) && !(WorstItlNs > promisedItlNs);
    }
}
