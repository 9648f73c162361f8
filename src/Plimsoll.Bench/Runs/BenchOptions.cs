using System.Collections.Generic;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Prompts;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Wire;

namespace Plimsoll.Bench.Runs;

/// <summary>A whole run as the user chose it.</summary>
public sealed record BenchOptions
{
    public required EndpointOptions Endpoint { get; init; }

    public required IReadOnlyList<LevelOptions> Levels { get; init; }

    /// <summary>The load in one line, for people.</summary>
    public required string Load { get; init; }

    /// <summary>Requests under way at most; 0 for any number.</summary>
    public int MaxConcurrency { get; init; }

    /// <summary>Nothing is sent after this, nanoseconds from the start.</summary>
    public long DurationNs { get; init; } = long.MaxValue;

    /// <summary>Requests due before this are sent and not measured.</summary>
    public long WarmupNs { get; init; }

    /// <summary>Requests sent and answered before the run begins, all at once.</summary>
    public int Warmups { get; init; }

    /// <summary>JSONL of requests; null for generated prompts.</summary>
    public string? DatasetPath { get; init; }

    /// <summary>Rows of <see cref="DatasetPath"/> that an earlier run has sent.</summary>
    public long FirstRow { get; init; }

    /// <summary>A tokenizer.json; null to ask the endpoint.</summary>
    public string? Tokenizer { get; init; }

    public BodyOptions Body { get; init; } = new();

    /// <summary>How long to wait for the endpoint to be there.</summary>
    public long ReadyWaitNs { get; init; }

    /// <summary>Share of a limit by which the client itself may be late.</summary>
    public double MostLateness { get; init; } = 0.1;

    public IReadOnlyCollection<double> Percentiles { get; init; } = LatencyReport.UsualPercentiles;

    /// <summary>Whether every request is kept for the detailed forms.</summary>
    public bool Detail { get; init; }

    /// <summary>The engine's log of its steps, to be joined; null for none.</summary>
    public string? StepLog { get; init; }

    /// <summary>Search the load line of the only level instead of sending its rate; null to send
    /// it.</summary>
    public LoadLineOptions? Search { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; } = [];

    /// <summary><c>open</c>, <c>closed</c>, or <c>mixed</c>.</summary>
    public string Loop
    {
        get
        {
            var closed = Levels.Count(level => level.Clients is not null);
            return closed == 0 ? "open" : closed == Levels.Count ? "closed" : "mixed";
        }
    }
}
