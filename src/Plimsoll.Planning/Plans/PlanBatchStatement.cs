using System.Collections.Generic;

namespace Plimsoll.Planning.Plans;

/// <summary>Requests and batch work together: which fleets do both, the cheapest first.</summary>
/// <param name="Workload">Of the batch work.</param>
/// <param name="WorkloadSource">Where its lengths come from.</param>
/// <param name="LinesPerSecond">That come.</param>
/// <param name="WindowHours">In which each has to be done.</param>
/// <param name="Deployment">The cheapest for a fleet of its own.</param>
/// <param name="LinesPerUnit">Lines per second that one of it does in full batches.</param>
/// <param name="Tier">What its step times rest on.</param>
/// <param name="UsdPerUnitHour">Of one of it.</param>
/// <param name="Fleets">None where all are over what is allowed.</param>
public sealed record PlanBatchStatement(
    string Workload, string WorkloadSource, double LinesPerSecond, double WindowHours, string Deployment,
    double LinesPerUnit, string Tier, double UsdPerUnitHour, IReadOnlyList<PlanBatchRow> Fleets);

/// <summary>A fleet for requests and batch work.</summary>
/// <param name="Rank">From 1.</param>
/// <param name="Apart">Whether all lines are done in a fleet of their own.</param>
/// <param name="RankAlone">Of the requests' fleet among the ten best.</param>
/// <param name="Deployment">Of the requests' fleet.</param>
/// <param name="Units">Of it, spares included.</param>
/// <param name="LinesPerSecond">Done in what its requests leave free, by the policy slack.</param>
/// <param name="Low">90 % interval that the streams leave.</param>
/// <param name="High">90 % interval that the streams leave.</param>
/// <param name="BatchUnits">Of the fleet for the lines that find no room.</param>
/// <param name="Accelerators">Of both.</param>
/// <param name="UsdPerHour">Of both, in whole units.</param>
/// <param name="UnroundedUsdPerHour">The same in fractions of a unit; spares stay whole.</param>
public sealed record PlanBatchRow(
    int Rank, bool Apart, int RankAlone, string Deployment, int Units, double LinesPerSecond, double Low,
    double High, int BatchUnits, long Accelerators, double UsdPerHour, double UnroundedUsdPerHour);
