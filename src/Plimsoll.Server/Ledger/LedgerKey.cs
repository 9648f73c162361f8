using Plimsoll.Core.Costing;

namespace Plimsoll.Server.Ledger;

/// <summary>The accounts that a bill splits into.</summary>
public static class LedgerAccounts
{
    /// <summary>Steps, by whoever took part in them.</summary>
    public const string Served = "served";

    /// <summary>Nothing to do.</summary>
    public const string Idle = "idle";

    /// <summary>What a step cost beyond its share of a full batch that keeps the promise.</summary>
    public const string Headroom = "headroom";

    /// <summary>Prompts computed again after a preemption.</summary>
    public const string Recomputed = "recomputed";

    /// <summary>Time between two lives of the server, or lost records of it.</summary>
    public const string Down = "down";
}

/// <summary>What the ledger sums by.</summary>
/// <param name="Engine">Engine rank that is billed, as <c>model/0</c>.</param>
/// <param name="HourUtc">Hours since 1970.</param>
/// <param name="Account">One of <see cref="LedgerAccounts"/>.</param>
/// <param name="Tenant">Who asked; empty for accounts that nobody asked for.</param>
public sealed record LedgerKey(
    string Engine, long HourUtc, string Account, string Tenant, string Level, string Model, string Adapter,
    string Release, bool Estimated);

/// <summary>A key's sums: what is booked, and what of it is on disk.</summary>
sealed class LedgerTotals(LedgerKey key)
{
    public LedgerKey Key { get; } = key;

    /// <summary>Booked and not yet on disk.</summary>
    public StepCharge Charge { get; set; }

    public long Requests { get; set; }

    public long PromptTokens { get; set; }

    public long CachedTokens { get; set; }

    public long OutputTokens { get; set; }

    public long DraftTokens { get; set; }

    public long AcceptedTokens { get; set; }

    public bool IsDirty { get; set; }

    /// <summary>No longer in the book: whoever still points here looks it up again.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>A request has ended.</summary>
    public void Count(RequestEntry entry)
    {
        Requests++;
        PromptTokens += entry.PromptTokens;
        CachedTokens += entry.CachedTokens;
        OutputTokens += entry.OutputTokens;
        DraftTokens += entry.DraftTokens;
        AcceptedTokens += entry.AcceptedTokens;
        IsDirty = true;
    }

    public void Add(LedgerTotals other)
    {
        Charge += other.Charge;
        Requests += other.Requests;
        PromptTokens += other.PromptTokens;
        CachedTokens += other.CachedTokens;
        OutputTokens += other.OutputTokens;
        DraftTokens += other.DraftTokens;
        AcceptedTokens += other.AcceptedTokens;
        IsDirty = true;
    }

    public void Clear()
    {
        (Charge, Requests, PromptTokens, CachedTokens, OutputTokens) = (default, 0, 0, 0, 0);
        (DraftTokens, AcceptedTokens, IsDirty) = (0, 0, false);
    }
}
