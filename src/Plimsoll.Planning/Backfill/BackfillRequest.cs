using System.Collections.Generic;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>The interactive fleet, and the batch work that is to ride in its idle time.</summary>
public sealed record BackfillRequest
{
    public required Serving Serving { get; init; }

    /// <summary>One engine rank of the fleet.</summary>
    public required SimulatedEngine Engine { get; init; }

    public required int Replicas { get; init; }

    /// <summary>What a replica carries when nobody waits, requests per second.</summary>
    public required double Ceiling { get; init; }

    public required decimal UsdPerReplicaHour { get; init; }

    /// <summary>Mean prompt and answer tokens of an interactive request.</summary>
    public required double TokensPerRequest { get; init; }

    public required Workload Batch { get; init; }

    /// <summary>Lines that come to the fleet, per second; null for a backlog without end.</summary>
    public double? BatchLinesPerSecond { get; init; }

    /// <summary>Share of each engine that is promised to it; the policy <c>slack</c> keeps it.</summary>
    public double MinShare { get; init; }

    /// <summary>
    /// What its tenants weigh, as the workload numbers them, nobody's first; 1 each where it ends.
    /// </summary>
    public IReadOnlyList<int> TenantWeights { get; init; } = [];

    public required long WindowNs { get; init; }

    /// <summary>Engine ranks of the fleet.</summary>
    public int Ranks => Replicas * Engine.Ranks;
}
