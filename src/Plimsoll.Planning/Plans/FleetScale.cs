using System;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>Load lines of a unit to fleets and what they take.</summary>
/// <param name="Request">What is asked.</param>
/// <param name="TokensPerRequest">Mean prompt and answer.</param>
public sealed record FleetScale(PlanRequest Request, double TokensPerRequest)
{
    const double SecondsPerHour = 3600;

    /// <summary>Demand of the busiest hour, requests per second.</summary>
    public double Peak { get; } = Request.Serving.RequestsPerSecond
        * (Request.IsBatch ? 1 : FleetSize.PeakOverMean(Request.Serving.Workload.WeeklyEnvelope));

    public int Spare => Request.IsBatch ? 0 : Request.SpareReplicas;

    /// <summary>Whole units, spares included.</summary>
    public int Units(double line) => FleetSize.Replicas(Peak, line) + Spare;

    /// <summary>Accelerators that are paid for.</summary>
    public long Accelerators(PlanCandidate candidate, double line) => Paid(candidate, Units(line));

    /// <summary>Of so many units.</summary>
    public long Paid(PlanCandidate candidate, int units)
    {
        var used = (long)units * candidate.Accelerators;
        var node = candidate.Deployment.Accelerator.ScaleUpWorld;
        return Request.WholeNodes ? (used + node - 1) / node * node : used;
    }

    /// <summary>What the whole fleet takes, in the objective's unit.</summary>
    public double Whole(PlanCandidate candidate, double line) =>
        PerUnit(candidate) / candidate.Accelerators * Accelerators(candidate, line);

    /// <summary>
    /// The least load line with which the whole fleet takes no more than that; infinite where not even its
    /// spares and one unit do.
    /// </summary>
    public double LeastLine(PlanCandidate candidate, double most)
    {
        const double Rounding = 1e-9;
        var accelerators = most / (PerUnit(candidate) / candidate.Accelerators) * (1 + Rounding);
        var node = candidate.Deployment.Accelerator.ScaleUpWorld;
        if (Request.WholeNodes)
            accelerators = Math.Floor(accelerators / node) * node;
        var serving = Math.Floor(accelerators / candidate.Accelerators) - Spare;
        return serving < 1 ? double.PositiveInfinity : Peak / serving;
    }

    /// <summary>The same if a fleet could be had in fractions of a unit; spares stay whole.</summary>
    public double Unrounded(PlanCandidate candidate, double line) =>
        PerUnit(candidate) * (Peak / line + Spare);

    public double UsdPerHour(PlanCandidate candidate, double line) =>
        (double)candidate.Price.UsdPerHour * Accelerators(candidate, line);

    /// <summary>Dollars an hour as dollars per million tokens of the mean demand.</summary>
    public double UsdPerMillionTokens(double usdPerHour) =>
        usdPerHour * 1e6 / (Request.Serving.RequestsPerSecond * TokensPerRequest * SecondsPerHour);

    double PerUnit(PlanCandidate candidate) => Request.Objective.PerUnit(candidate)
        ?? throw new InvalidOperationException($"{candidate.Key} has no {Request.Objective.Unit()}.");
}
