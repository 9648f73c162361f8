using System.Collections.Generic;
using Plimsoll.Planning.Validation.Sets;

namespace Plimsoll.Planning.Validation;

/// <summary>Every validation set, in the order they are printed.</summary>
public static class ValidationSets
{
    public static IReadOnlyList<IValidationSet> All { get; } =
    [
        new VllmExperimentsSet(),
        new VllmRequestsSet(),
        InferenceMaxSet.Dense,
        InferenceMaxSet.Moe,
        new NewCardSet(),
        new HostBoundSet(),
        ReplayedSet.LoadSweep,
        ReplayedSet.BatchLatency,
        new IntervalSet(),
        new MlPerfSet(),
        new OwnKernelsSet(),
        new KvCapacitySet(),
    ];
}
