using System;
using Plimsoll.Inputs.Choices;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// What a plan is asked for: what is served and how fast, out of which space, by what measure.
/// </summary>
public sealed record PlanRequest
{
    /// <summary>Workload and promise; of its deployment nothing is read.</summary>
    public required Serving Serving { get; init; }

    public required PlanSpace Space { get; init; }

    public PlanObjective Objective { get; init; } = PlanObjective.Cost;

    /// <summary>Units beyond what the busiest hour needs; none where nobody waits.</summary>
    public int SpareReplicas { get; init; } = 1;

    public long? MaxAccelerators { get; init; }

    public double? BudgetUsdPerHour { get; init; }

    /// <summary>Whether accelerators are paid by whole nodes (scale-up domains).</summary>
    public bool WholeNodes { get; init; }

    /// <summary>Batch work that is to be done beside the requests, in the same fleet or another.</summary>
    public PlanBatchWork? Beside { get; init; }

    /// <summary>Every candidate in full, nothing pruned.</summary>
    public bool Exhaustive { get; init; }

    /// <summary>Number of the shard from 1, and how many there are; all of it by default.</summary>
    public (int Number, int Of) Shard { get; init; } = (1, 1);

    /// <summary>Candidates that are looked at at all.</summary>
    public Func<PlanCandidate, bool> Includes { get; init; } = _ => true;

    /// <summary>What earlier runs of the same plan measured; a memory of this run alone when null.</summary>
    public PlanJournal? Journal { get; init; }

    /// <summary>Asked between waves; once true, no further candidate is looked at.</summary>
    public Func<bool> OutOfTime { get; init; } = () => false;

    /// <summary>Told the share of the work that is done, 0 to 1, one thread at a time.</summary>
    public Action<double>? Progress { get; init; }

    /// <summary>Work that nobody waits for: its queue soaks up bursts and tides.</summary>
    public bool IsBatch
    {
        get
        {
            foreach (var _ in Serving.Limits)
                return false;
            return true;
        }
    }
}
