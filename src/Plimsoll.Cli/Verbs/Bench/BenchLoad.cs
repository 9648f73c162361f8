using System.Collections.Generic;
using System.Text.Json.Nodes;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>The load as the command line has it.</summary>
sealed record BenchLoad
{
    public required IReadOnlyList<LevelOptions> Levels { get; init; }

    public required string Text { get; init; }

    public required int MaxConcurrency { get; init; }

    public required long DurationNs { get; init; }

    public required long WarmupNs { get; init; }

    public required int Warmups { get; init; }

    public required string? DatasetPath { get; init; }

    public required string? Tokenizer { get; init; }

    public required bool IgnoreEos { get; init; }

    public required JsonObject? Extra { get; init; }

    public required int Images { get; init; }

    public required int ImageWidth { get; init; }

    public required int ImageHeight { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>A run of this load against an endpoint.</summary>
    public BenchOptions Against(EndpointOptions endpoint) => new()
    {
        Endpoint = endpoint,
        Levels = Levels,
        Load = Text,
        MaxConcurrency = MaxConcurrency,
        DurationNs = DurationNs,
        WarmupNs = WarmupNs,
        Warmups = Warmups,
        DatasetPath = DatasetPath,
        Tokenizer = Tokenizer,
        IgnoreEos = IgnoreEos,
        Extra = Extra,
        Images = Images,
        ImageWidth = ImageWidth,
        ImageHeight = ImageHeight,
        Seed = Seed,
    };
}
