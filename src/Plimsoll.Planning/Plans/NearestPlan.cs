using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// What comes nearest to a plan that has nobody: the fleet that keeps the promise and takes the least over
/// what is allowed; else the nearest promise that somebody can keep, for which the limit that the nearest
/// candidates miss is loosened, and they race again.
/// </summary>
public static class NearestPlan
{
    const int MostSteps = 6;

    /// <summary>The nearest plan that has a best candidate; null where nothing that is tried has.</summary>
    /// <param name="asked">A plan without a best candidate.</param>
    public static PlanOutcome? Find(PlanOutcome asked) => Allowed(asked) ?? Loosened(asked);

    /// <summary>Whoever is too large or too dear, as if that were allowed.</summary>
    static PlanOutcome? Allowed(PlanOutcome asked)
    {
        var request = asked.Request;
        var keys = asked.Fallen.Where(f => f.Stage == PlanStage.Limits && f.AtLeast is not null)
            .Select(f => f.Candidate.Key).ToHashSet(StringComparer.Ordinal);
        if (keys.Count == 0)
            return null;
        var outcome = PlanSearch.Run(request with
        {
            Objective = request.BudgetUsdPerHour is null ? PlanObjective.Accelerators : PlanObjective.Cost,
            MaxAccelerators = null,
            BudgetUsdPerHour = null,
            Includes = candidate => keys.Contains(candidate.Key),
            Journal = null,
        });
        return outcome.Best.Count > 0 ? outcome : null;
    }

    static PlanOutcome? Loosened(PlanOutcome asked)
    {
        var outcome = asked;
        for (var step = 0; step < MostSteps && outcome.Nearest.Count > 0; step++)
        {
            var near = outcome.Nearest[0].Measure;
            if (near.Missed is not { } missed)
                return null;
            var serving = outcome.Request.Serving;
            var broken = new LimitBreak(serving.Limits.ElementAt(missed), near.MeasuredNs!.Value);
            var keys = new HashSet<string>(
                outcome.Nearest.Select(n => n.Candidate.Key), StringComparer.Ordinal);
            outcome = PlanSearch.Run(outcome.Request with
            {
                Serving = serving with
                {
                    Levels = [.. serving.Levels.Select(level => NearestPromise.Loosened(level, broken))],
                },
                Includes = candidate => keys.Contains(candidate.Key),
                Journal = null,
            });
            if (outcome.Best.Count > 0)
                return outcome;
        }
        return null;
    }
}
