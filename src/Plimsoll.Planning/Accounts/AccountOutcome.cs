using System.Collections.Generic;
using Plimsoll.Core.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>An account with the runs it rests on, or the promise that no candidate keeps.</summary>
public sealed record AccountOutcome
{
    public required AccountRequest Request { get; init; }

    public required SimulatedEngine Engine { get; init; }

    /// <summary>Null when the promise cannot be kept.</summary>
    public required AccountResult? Result { get; init; }

    /// <summary>Why there is no result, in one line; null when there is one.</summary>
    public required string? Broken { get; init; }

    /// <summary>
    /// The limit that even an idle replica misses most; null where a result is, or nothing fits.
    /// </summary>
    public LimitBreak? Missed { get; init; }

    /// <summary>Load line of one replica under the workload's own arrivals, requests per second.</summary>
    public required double LoadLine { get; init; }

    /// <summary>How much each probe simulated.</summary>
    public required ProbeSize Size { get; init; }

    /// <summary>What one replica carries when nobody waits, requests per second.</summary>
    public required double Ceiling { get; init; }

    /// <summary>A complete run at the load line.</summary>
    public SimulationResult? AtLoadLine { get; init; }

    /// <summary>A complete run of the batch class at its fleet's mean load.</summary>
    public SimulationResult? BatchRun { get; init; }

    /// <summary>What a rank carries in each draw of the step times' error.</summary>
    internal DrawnLines? Drawn { get; init; }

    /// <summary>What would lower the interactive bill, and by how much.</summary>
    public IReadOnlyList<Credit> Credits { get; init; } = [];

    /// <summary>What the figures rest on beyond the tier, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
