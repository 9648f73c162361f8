namespace Plimsoll.Server.Ledger;

/// <summary>One hour of one account, as it is on disk; amounts are pico-dollars.</summary>
public sealed record LedgerRow
{
    public required string Engine { get; init; }

    /// <summary>Hours since 1970, UTC.</summary>
    public required long Hour { get; init; }

    public required string Account { get; init; }

    public required string Tenant { get; init; }

    public required string Level { get; init; }

    public required string Model { get; init; }

    public required string Adapter { get; init; }

    public required string Release { get; init; }

    public bool Estimated { get; init; }

    public long Fixed { get; init; }

    public long Prefill { get; init; }

    public long Decode { get; init; }

    public long Kv { get; init; }

    public long Requests { get; init; }

    public long PromptTokens { get; init; }

    public long CachedTokens { get; init; }

    public long OutputTokens { get; init; }

    /// <summary>Tokens guessed and checked.</summary>
    public long DraftTokens { get; init; }

    /// <summary>Of those, the right ones.</summary>
    public long AcceptedTokens { get; init; }

    public long Total => Fixed + Prefill + Decode + Kv;
}
