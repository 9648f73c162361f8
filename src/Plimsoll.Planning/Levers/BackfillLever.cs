using System;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Levers;

/// <summary>
/// Batch work in the hours and the steps that interactive requests leave free, worth what a fleet of its own
/// would cost.
/// </summary>
static class BackfillLever
{
    /// <summary>The batch work that is tried.</summary>
    const string Family = "extraction";

    const long WindowNs = 24 * 3_600_000_000_000;

    const double HoursPerWeek = 168;

    public static LeverRow? Of(LeverTrials trials, ComparedCost own, long requests, ulong seed)
    {
        var side = trials.Base;
        if (side.IsBatch || side.Workload.ClosedLoop || side.Engine.Policy == SchedulingPolicy.Static)
            return null;
        var peak = side.RequestsPerSecond * FleetSize.PeakOverMean(side.Workload.WeeklyEnvelope);
        var engine = own.Engine;
        var request = new BackfillRequest
        {
            Serving = side.Serving(requests, seed), Engine = engine,
            Replicas = FleetSize.Replicas(peak, own.Line * engine.Ranks),
            Ceiling = own.Ceiling * engine.Ranks,
            UsdPerReplicaHour = side.Price.UsdPerHour * engine.Deployment.Accelerators,
            TokensPerRequest = own.TokensPerRequest, Batch = WorkloadFamily.Find(Family),
            WindowNs = WindowNs,
        };
        try
        {
            var found = Backfills.Of(request);
            var share = (double)found.Bill.SavedUsdPerWeek
                / (HoursPerWeek * request.Replicas * (double)request.UsdPerReplicaHour);
            return trials.Share(
                "batch backfill",
                FormattableString.Invariant($"{Family} without end in what requests leave free, under ")
                    + FormattableString.Invariant($"{found.Policies[0].Name}: worth {100 * share:0} % of ")
                    + "the bill in a fleet of its own; the promise holds in "
                    + FormattableString.Invariant($"{100 * found.Policies[0].HoursKept:0} % of the hours"),
                -share, breakEven: null);
        }
        catch (BadInputException unable)
        {
            return new LeverRow("batch backfill", $"{Family}: {unable.Message}", null, null, null, null);
        }
    }
}
