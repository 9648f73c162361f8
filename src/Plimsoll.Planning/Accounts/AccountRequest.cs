using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Accounts;

/// <summary>What is asked of an account: what is served, and what it is paid.</summary>
public sealed record AccountRequest
{
    public required Serving Serving { get; init; }

    /// <summary>Completion window of the batch class, nanoseconds.</summary>
    public required long BatchWindowNs { get; init; }

    public required PriceSpec Price { get; init; }

    /// <summary>
    /// Replicas beyond what the busiest hour needs, so that one may fail; interactive only.
    /// </summary>
    public int SpareReplicas { get; init; } = 1;

    /// <summary>Batch work that rides in the idle time of the interactive fleet; null for none.</summary>
    public Workload? Backfill { get; init; }

    /// <summary>Lines of it that come to the fleet, per second; null for a backlog without end.</summary>
    public double? BackfillLinesPerSecond { get; init; }

    /// <summary>Share of each engine that is promised to it.</summary>
    public double BackfillShare { get; init; }

    /// <summary>
    /// What its tenants weigh, as the workload numbers them, nobody's first; 1 each where it ends.
    /// </summary>
    public IReadOnlyList<int> BackfillTenantWeights { get; init; } = [];

    /// <summary>Told the share of the work that is done, 0 to 1, one thread at a time.</summary>
    public Action<double>? Progress { get; init; }
}
