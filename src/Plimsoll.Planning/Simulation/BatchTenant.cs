using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Planning.Simulation;

/// <summary>A tenant of the batch workload beside the others.</summary>
/// <param name="Name">As the trace names it.</param>
/// <param name="Weight">Against the others'.</param>
/// <param name="Tokens">Prompt and answer tokens of its lines answered.</param>
public sealed record BatchTenant(string Name, int Weight, long Tokens)
{
    /// <summary>Name of lines that are no tenant's.</summary>
    public const string Nobody = "(none)";

    /// <summary>Most tokens first; none where the workload tells no tenants apart.</summary>
    public static IReadOnlyList<BatchTenant> Of(SimulationResult run, SimulationOptions options)
    {
        if (run.Batch is not { } batch || options.BatchWorkload is not { Tenants.Count: > 0 } workload)
            return [];
        var tenants = new List<BatchTenant>();
        for (var number = 0; number < batch.TenantTokens.Count; number++)
        {
            if (number > 0 || batch.TenantTokens[number] > 0)
            {
                tenants.Add(new BatchTenant(
                    number == 0 ? Nobody : workload.Tenants[number - 1],
                    number < options.TenantWeights.Count ? options.TenantWeights[number] : 1,
                    batch.TenantTokens[number]));
            }
        }
        return [.. tenants.OrderByDescending(t => t.Tokens).ThenBy(t => t.Name, StringComparer.Ordinal)];
    }
}
