using Plimsoll.Bench.Prompts;

namespace Plimsoll.Bench.Runs;

/// <summary>What the first requests found out about an endpoint.</summary>
public sealed record EndpointFacts
{
    public required string Model { get; init; }

    public required UsageForm Usage { get; init; }

    public required Vocabulary Vocabulary { get; init; }
}
