using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Plans;

/// <summary>Work that nobody waits for, which is to be done beside the requests of a plan.</summary>
/// <param name="Workload">Its lines.</param>
/// <param name="LinesPerSecond">That come, evenly over the week.</param>
/// <param name="WindowNs">In which each has to be done.</param>
public sealed record PlanBatchWork(Workload Workload, double LinesPerSecond, long WindowNs);
