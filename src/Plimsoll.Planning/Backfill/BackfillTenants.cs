using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>What tenants of the batch work have of what is done in the week.</summary>
static class BackfillTenants
{
    /// <summary>
    /// Most tokens first; null where the workload tells no tenants apart, or nothing is done.
    /// </summary>
    public static IReadOnlyList<BackfillTenant>? Of(BackfillRequest request, BackfillWeek week)
    {
        var names = request.Batch.Tenants;
        var tokens = Enumerable.Range(0, 1 + names.Count).Select(number => week.Mean(point =>
            point.Runs.Sum(run => (double)run.Batch!.TenantTokens[number])
                / point.Runs.Sum(run => run.Batch!.SpanS))).ToList();
        var all = tokens.Sum();
        if (names.Count == 0 || all == 0)
            return null;
        return
        [
            .. tokens.Select((own, number) => new BackfillTenant(
                    number == 0 ? BatchTenant.Nobody : names[number - 1],
                    number < request.TenantWeights.Count ? request.TenantWeights[number] : 1, own / all))
                .Where((tenant, number) => number > 0 || tenant.Share > 0)
                .OrderByDescending(tenant => tenant.Share).ThenBy(t => t.Name, StringComparer.Ordinal),
        ];
    }
}
