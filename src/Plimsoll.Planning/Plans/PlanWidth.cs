using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// What only engines with spread experts choose: copies of busy experts, and batches computed as two halves.
/// Where a choice means nothing a deployment comes once, without it.
/// </summary>
static class PlanWidth
{
    /// <summary>DeepSeek copies 32 of 256 experts.</summary>
    const int CopiedShare = 8;

    /// <summary>Every deployment of a choice, whether it fits or not.</summary>
    public static IEnumerable<(Deployment Deployment, KvCapacityResult Memory)> Tried(
        DeploymentChoice choice, PlanSpace space)
    {
        foreach (var copies in Copies(choice, space))
        {
            var engine = choice.Engine with { RedundantExperts = copies ?? 0 };
            foreach (var tried in ParallelismChoice.Tried(choice with { Engine = engine }))
            {
                foreach (var copied in copies is null ? Copied(tried, space) : [tried])
                {
                    foreach (var overlap in Overlaps(copied.Deployment, space))
                    {
                        yield return (copied.Deployment with
                        {
                            Engine = copied.Deployment.Engine with { TwoBatchOverlap = overlap },
                        }, copied.Memory);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Copies that are known before the degrees are: of a stated degree, which may divide the experts only
    /// with them. Null where they follow from the degree.
    /// </summary>
    public static IEnumerable<int?> Copies(DeploymentChoice choice, PlanSpace space)
    {
        if (choice.ExpertParallel is not > 1)
            return [null];
        var experts = choice.Model.FeedForward.Experts;
        return space.RedundantExperts
            .Select(copies => (int?)Number(copies, experts, choice.ExpertParallel.Value)).Distinct();
    }

    static IEnumerable<(Deployment Deployment, KvCapacityResult Memory)> Copied(
        (Deployment Deployment, KvCapacityResult Memory) tried, PlanSpace space)
    {
        var (degree, experts) = (
            tried.Deployment.ExpertParallel, tried.Deployment.Model.FeedForward.Experts);
        if (degree <= 1)
            return [tried];
        return space.RedundantExperts.Select(copies => Number(copies, experts, degree))
            .Where(copies => (experts + copies) % degree == 0).Distinct()
            .Select(copies => copies == 0 ? tried : With(tried.Deployment, copies));
    }

    static (Deployment, KvCapacityResult) With(Deployment deployment, int copies)
    {
        var copied = deployment with
        {
            Engine = deployment.Engine with { RedundantExperts = copies },
        };
        return (copied, EngineCatalogue.Capacity(copied));
    }

    /// <summary>An eighth of the experts, and more until the ranks hold equally many.</summary>
    static int Number(int? copies, int experts, int degree) => copies
        ?? (((experts + (experts / CopiedShare) + degree - 1) / degree * degree) - experts);

    static IEnumerable<bool> Overlaps(Deployment deployment, PlanSpace space) =>
        deployment.SharesExperts ? space.TwoBatchOverlaps : [false];
}
