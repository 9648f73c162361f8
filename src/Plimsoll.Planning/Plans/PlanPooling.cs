using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// One pool or two: batch work in a fleet of its own beside the best of the requests', or in what each of the
/// best fleets leaves free, with a smaller fleet of its own for what finds no room there.
/// </summary>
public static class PlanPooling
{
    /// <summary>Lines that are fewer than this share of all are none.</summary>
    const double Nothing = 1e-6;

    /// <summary>Null where there is no batch work, or nobody keeps the promise.</summary>
    public static PlanBatchStatement? Of(PlanOutcome outcome, Action<double>? progress = null)
    {
        if (outcome.Request.Beside is not { } work || outcome.Best.Count == 0)
            return null;
        var own = PlanSearch.Run(Alone(outcome.Request, work));
        if (own.Best.Count == 0)
            throw new BadInputException($"{work.Workload.Name}: no candidate of the space can do its lines");
        var (batch, line) = (own.Best[0].Candidate, own.Best[0].Measure.Line);
        var rows = new List<PlanBatchRow> { Row(outcome, outcome.Best[0], default, isApart: true) };
        foreach (var entry in outcome.Best.Where(entry => !entry.Candidate.IsDisaggregated))
        {
            if (Room(outcome, entry, work) is { Lines: > 0 } room)
                rows.Add(Row(outcome, entry, room, isApart: false));
            progress?.Invoke((double)rows.Count / (outcome.Best.Count + 1));
        }
        return new PlanBatchStatement(
            work.Workload.Name, work.Workload.Source, work.LinesPerSecond, work.WindowNs / 3.6e12,
            PlanStatements.Short(batch, own.Request), line, own.Best[0].StepTime.Tier.ToString()
                .ToLowerInvariant(), batch.UsdPerHour,
            [.. rows.Where(row => Allowed(outcome.Request, row)).OrderBy(row => row.UsdPerHour)
                .ThenBy(row => row.UnroundedUsdPerHour).Select((row, i) => row with { Rank = i + 1 })]);

        PlanBatchRow Row(
            PlanOutcome of, PlanEntry entry, (double Lines, double Low, double High) room, bool isApart)
        {
            var (candidate, own) = (entry.Candidate, entry.Measure.Line);
            var rest = work.LinesPerSecond - room.Lines;
            var units = rest > Nothing * work.LinesPerSecond ? FleetSize.Replicas(rest, line) : 0;
            var paid = of.Scale.Paid(batch, units);
            return new PlanBatchRow(
                0, isApart, of.Best.ToList().IndexOf(entry) + 1, PlanStatements.Short(candidate, of.Request),
                of.Scale.Units(own), room.Lines, room.Low, room.High, units,
                of.Scale.Accelerators(candidate, own) + paid,
                of.Scale.UsdPerHour(candidate, own) + (paid * (double)batch.Price.UsdPerHour),
                of.Scale.Unrounded(candidate, own) + (rest / line * batch.UsdPerHour));
        }
    }

    /// <summary>The batch work as a plan of its own, over the same cards, models and formats.</summary>
    static PlanRequest Alone(PlanRequest request, PlanBatchWork work) => request with
    {
        Serving = request.Serving with
        {
            Workload = ModelWorkload.Of(work.Workload, request.Space.Models[0]),
            RequestsPerSecond = work.LinesPerSecond,
            Levels = [.. Enumerable.Repeat(LevelPromise.None, Math.Max(1, work.Workload.Levels.Count))],
        },
        Space = request.Space with
        {
            Aggregated = true, Disaggregated = false, Policies = [SchedulingPolicy.VllmV1], Routers = [null],
        },
        MaxAccelerators = null,
        BudgetUsdPerHour = null,
        Shard = (1, 1),
        OutOfTime = () => false,
        Journal = null,
        Progress = null,
    };

    /// <summary>None where the fleet cannot take lines between its requests.</summary>
    static (double Lines, double Low, double High) Room(
        PlanOutcome outcome, PlanEntry entry, PlanBatchWork work)
    {
        var (candidate, serving) = (entry.Candidate, outcome.Request.Serving);
        try
        {
            return BackfillRoom.Of(new BackfillRequest
            {
                Serving = candidate.Of(serving), Engine = PlanTrial.Engine(candidate, serving),
                Replicas = outcome.Scale.Units(entry.Measure.Line) - outcome.Scale.Spare,
                Ceiling = entry.Measure.Line, UsdPerReplicaHour = (decimal)candidate.UsdPerHour,
                TokensPerRequest = outcome.Mean.Tokens,
                Batch = ModelWorkload.Of(work.Workload, candidate.Deployment.Model),
                BatchLinesPerSecond = work.LinesPerSecond, WindowNs = work.WindowNs,
            });
        }
        catch (BadInputException)
        {
            return default;
        }
    }

    static bool Allowed(PlanRequest request, PlanBatchRow row) =>
        !(row.Accelerators > request.MaxAccelerators) && !(row.UsdPerHour > request.BudgetUsdPerHour);
}
