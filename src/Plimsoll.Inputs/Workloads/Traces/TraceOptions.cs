namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>What a user may say about a trace file beyond its path.</summary>
public sealed record TraceOptions
{
    /// <summary>Which fields of an unknown log hold what; null detects the format.</summary>
    public ColumnMap? Map { get; init; }

    /// <summary>
    /// Tokens per hashed block. Null: what the format says, 512 for Mooncake, 16 for Bailian.
    /// </summary>
    public int? BlockTokens { get; init; }

    public Timestamps Timestamps { get; init; }
}
