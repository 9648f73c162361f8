using System;
using System.Collections.Generic;
using Plimsoll.Core.Costing;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Accounts;

/// <summary>What would lower the interactive bill without breaking the promise.</summary>
static class Levers
{
    public static IReadOnlyList<Credit> Of(
        AccountRequest request, SimulatedEngine engine, CostBasis basis, ClassAccount interactive,
        ClassAccount batch)
    {
        var credits = new List<Credit>();
        var bill = interactive.Cost.UsdPerMillionTokens;
        var line = interactive.LoadLine.RequestsPerSecond;
        var replicas = interactive.Fleet.Replicas;

        var following = FleetSize.FollowingDemand(
            request.RequestsPerSecond, line, request.Workload.WeeklyEnvelope, request.SpareReplicas);
        if (following < replicas)
        {
            credits.Add(new Credit(
                "autoscaling", Usd((double)bill * (following / replicas - 1)),
                FormattableString.Invariant($"{following:0.0} replicas on average instead of {replicas}, if ")
                + "capacity follows demand hour by hour without delay and unused hours are not billed"));
        }

        // An hour of the fleet does its interactive work in (utilisation × line ÷ ceiling) of the time that
        // the same work takes at full batch; the rest can carry batch work worth what batch work costs.
        var busy = request.RequestsPerSecond / replicas / batch.LoadLine.RequestsPerSecond;
        var idle = Math.Clamp(1 - busy, 0, 1);
        var worth = Math.Min(1.0, (double)(basis.PerMillionTokens(batch.LoadLine.RequestsPerSecond).Usd
            / batch.Cost.UsdPerMillionTokens));
        credits.Add(new Credit(
            "batch backfill", Usd(-(double)bill * idle * worth),
            FormattableString.Invariant($"upper bound: {100 * idle:0} % of the fleet's computing time is free at ")
            + "full-batch speed; batch work in it earns its own cost per token, if interactive work always goes "
            + "first"));
        return credits;
    }

    static decimal Usd(double usd) => PicoDollars.FromUsd(usd).Usd;
}
