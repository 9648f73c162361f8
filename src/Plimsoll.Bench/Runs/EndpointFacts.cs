using Plimsoll.Bench.Prompts;

namespace Plimsoll.Bench.Runs;

/// <summary>What the first requests found out about an endpoint.</summary>
public sealed record EndpointFacts
{
    public required string Model { get; init; }

    /// <summary>How it lets itself be asked to count.</summary>
    public required UsageForm Usage { get; init; }

    /// <summary>How it then counts, which need not be what was asked for.</summary>
    public required UsageForm Counted { get; init; }

    public required Vocabulary Vocabulary { get; init; }
}
