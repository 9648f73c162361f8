using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The nearest promise that somebody can keep, where nobody keeps the one asked for, and what it costs: the
/// limit that the nearest candidates miss is loosened, and they race again.
/// </summary>
public static class NearestPlan
{
    const int MostSteps = 6;

    /// <summary>The plan under the nearest promise; null where loosening limits does not help.</summary>
    /// <param name="asked">A plan without a best candidate.</param>
    public static PlanOutcome? Find(PlanOutcome asked)
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
