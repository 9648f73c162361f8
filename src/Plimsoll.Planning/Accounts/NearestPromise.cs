using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Accounts;

/// <summary>
/// The nearest promise that can be kept, where the one asked for cannot: the limit that an idle replica
/// misses most is loosened to what that replica does and a little more, until a fleet keeps them all.
/// </summary>
public static class NearestPromise
{
    /// <summary>Room above an idle replica, so that it may be loaded at all.</summary>
    const double Room = 1.25;
    const int MostSteps = 6;

    /// <summary>The account under the nearest promise; null when loosening limits does not help.</summary>
    /// <param name="asked">An account whose promise cannot be kept.</param>
    public static AccountOutcome? Find(AccountOutcome asked)
    {
        var outcome = asked;
        for (var step = 0; step < MostSteps && outcome.Missed is { } missed; step++)
        {
            var serving = outcome.Request.Serving;
            outcome = Accountant.Account(outcome.Request with
            {
                Serving = serving with { Levels = [.. serving.Levels.Select(
                    level => Loosened(level, missed))] },
            });
            if (outcome.Result is not null)
                return outcome;
        }
        return null;
    }

    internal static LevelPromise Loosened(LevelPromise level, LimitBreak missed)
    {
        var limits = new List<Limit>();
        foreach (var limit in level.Limits)
        {
            limits.Add(limit.Metric == missed.Limit.Metric && limit.Percentile == missed.Limit.Percentile
                ? limit with { LimitNs = Rounded(Math.Max(missed.MeasuredNs, limit.LimitNs) * Room) }
                : limit);
        }
        return LevelPromise.Of(level.Spec, limits);
    }

    /// <summary>Upwards to two digits.</summary>
    static long Rounded(double ns)
    {
        var unit = Math.Pow(10, Math.Floor(Math.Log10(ns)) - 1);
        return (long)(Math.Ceiling(ns / unit) * unit);
    }
}
