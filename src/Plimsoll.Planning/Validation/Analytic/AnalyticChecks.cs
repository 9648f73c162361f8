using System.Collections.Generic;

namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>
/// What the simulator must get right without any data: queues whose waiting times are theorems, and the
/// memory bandwidth that no decode outruns. The seeds are fixed, so the verdict is the same everywhere.
/// </summary>
public static class AnalyticChecks
{
    public static IReadOnlyList<AnalyticCheck> Run() => [.. QueueChecks.All(), .. BandwidthChecks.All()];
}
