using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// Pairs of engines of which one prefills and the other decodes, each split in its own way: a prompt wants
/// many tokens a step, an answer many requests.
/// </summary>
static class PlanPools
{
    /// <summary>Replicas of a unit that prefill and that decode.</summary>
    public static IReadOnlyList<(int Prefill, int Serving)> Shares { get; } =
        [(1, 1), (1, 2), (1, 3), (2, 1), (3, 1)];

    /// <summary>
    /// Pairs that differ, out of engines of one model, format and card. Who only prefills keeps no answer
    /// waiting and has the largest step budget; who only decodes has a token a sequence and the smallest.
    /// </summary>
    public static IEnumerable<(PlanCandidate Prefill, PlanCandidate Serving)> Of(
        IReadOnlyList<PlanCandidate> engines)
    {
        foreach (var alike in engines.GroupBy(e => Alike(e.Deployment.Engine)))
        {
            var budgets = alike.Select(e => e.Deployment.Engine.MaxNumBatchedTokens).Distinct().ToList();
            var (least, most) = (budgets.Min(), budgets.Max());
            foreach (var serving in alike.Where(e => e.Deployment.Engine.MaxNumBatchedTokens == least))
            {
                foreach (var prefill in alike.Where(e => e.Deployment.Engine.MaxNumBatchedTokens == most))
                {
                    if (!ReferenceEquals(prefill, serving))
                        yield return (prefill, serving);
                }
            }
        }
    }

    /// <summary>What both engines of a pair have alike.</summary>
    static EngineSettings Alike(EngineSettings engine) => engine with
    {
        MaxNumBatchedTokens = 0, TwoBatchOverlap = false, RedundantExperts = 0,
    };
}
