using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Core.Costing;

namespace Plimsoll.Server.Ledger;

/// <summary>Who pays for idle time and headroom.</summary>
public enum GapPolicy
{
    /// <summary>Nobody: they stay accounts of their own.</summary>
    Unallocated,

    /// <summary>
    /// The interactive levels, by what they cost in that hour: their promise forced the capacity. Batch pays
    /// its steps only; an hour with batch alone keeps its gap.
    /// </summary>
    Peak,

    /// <summary>Everybody, by what they cost in that hour.</summary>
    Proportional,
}

public static class GapPolicies
{
    public static Choices<GapPolicy> All { get; } = new(
        ("peak", GapPolicy.Peak), ("proportional", GapPolicy.Proportional),
        ("unallocated", GapPolicy.Unallocated));
}

/// <summary>
/// Hands the gap of each engine and hour to whoever pays for it; the sums do not change by a pico-dollar.
/// </summary>
public static class GapAllocation
{
    /// <param name="rows">The ledger's rows.</param>
    /// <param name="policy">Who pays.</param>
    /// <param name="isBatch">Whether a level is batch work.</param>
    public static IReadOnlyList<LedgerRow> Apply(
        IReadOnlyList<LedgerRow> rows, GapPolicy policy, Func<string, bool> isBatch)
    {
        if (policy == GapPolicy.Unallocated)
            return rows;
        var result = new List<LedgerRow>(rows);
        var payers = new Dictionary<(string, long), List<int>>();
        for (var i = 0; i < result.Count; i++)
        {
            var row = result[i];
            if (row.Account != LedgerAccounts.Served || row.Tenant.Length == 0
                || (policy == GapPolicy.Peak && isBatch(row.Level)))
            {
                continue;
            }
            if (!payers.TryGetValue((row.Engine, row.Hour), out var list))
                payers[(row.Engine, row.Hour)] = list = [];
            list.Add(i);
        }
        for (var i = 0; i < result.Count; i++)
        {
            var gap = result[i];
            if (gap.Account is not (LedgerAccounts.Idle or LedgerAccounts.Headroom)
                || !payers.TryGetValue((gap.Engine, gap.Hour), out var list))
            {
                continue;
            }
            var weights = new long[list.Count];
            var shares = new PicoDollars[list.Count];
            for (var j = 0; j < weights.Length; j++)
                weights[j] = rows[list[j]].Total;
            new PicoDollars(gap.Total).SplitInto(weights, shares);
            for (var j = 0; j < shares.Length; j++)
            {
                result[list[j]] =
                    result[list[j]] with { Fixed = result[list[j]].Fixed + (long)shares[j].Amount };
            }
            result[i] = gap with { Fixed = 0, Prefill = 0, Decode = 0, Kv = 0 };
        }
        result.RemoveAll(row => row.Total == 0 && row.Requests == 0);
        return result;
    }
}
