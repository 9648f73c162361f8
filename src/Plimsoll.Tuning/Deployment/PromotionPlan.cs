using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Deployment;

/// <summary>How a candidate comes into traffic.</summary>
public sealed record PromotionPlan
{
    /// <summary>Shares in ten-thousandths, after the shadow.</summary>
    public IReadOnlyList<int> Shares { get; init; } = [100, 500, 2500, RoutingTable.Whole];

    /// <summary>Mirrored requests before the first share.</summary>
    public int ShadowRequests { get; init; } = 200;

    /// <summary>Requests that the candidate must have answered at a share before the next.</summary>
    public int StageRequests { get; init; } = 200;

    public IReadOnlyList<Guard> Guards { get; init; } =
        [new("errors", 0.01), new("invalid", 0.01), new("late", 0.02, Most: 0.05)];

    /// <summary>
    /// Probability that a guard trips, over the whole promotion, on a candidate that is within its bounds.
    /// </summary>
    public double Error { get; init; } = 0.05;

    public PromotionPlan Validated()
    {
        if (Shares.Count == 0 || Shares[^1] != RoutingTable.Whole
            || Shares.Zip(Shares.Skip(1)).Any(p => p.First >= p.Second) || Shares[0] < 1)
        {
            throw new BadInputException("promotion: shares must grow from at least 1 to 10000");
        }
        if (ShadowRequests < 0 || StageRequests < 1)
        {
            throw new BadInputException("promotion: expected shadow_requests of at least 0 and "
                + "stage_requests of at least 1");
        }
        if (ShadowRequests == 0 && Shares.Count == 1)
        {
            throw new BadInputException("promotion: no shadow and no share before the whole; expected one of "
                + "them, to find out by");
        }
        if (!(Error is > 0 and < 1))
            throw new BadInputException($"promotion: error {Error}; expected above 0 and below 1");
        if (Guards.Count == 0 || Guards.Select(g => g.Metric).Distinct().Count() != Guards.Count)
            throw new BadInputException("promotion: expected at least one guard, each metric once");
        return this;
    }
}
