using System;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>What a unit could carry at best, in closed form, and how it misses if it cannot at all.</summary>
/// <param name="RequestsPerSecond">
/// No run carries more: the steady state of the mean request without queues, bursts or spread, and a
/// margin; null where one request alone misses the promise.
/// </param>
/// <param name="AloneMs">Time per token of one request alone, milliseconds.</param>
public readonly record struct PlanBound(double? RequestsPerSecond, double AloneMs)
{
    /// <summary>
    /// By which a run may beat the closed form: lengths are not all the mean, and whole steps round.
    /// </summary>
    const double Optimism = 1.25;

    /// <summary>A p95 may exceed the mean; a mean far above the limit cannot keep it.</summary>
    const double Slack = 1.1;

    public static PlanBound Of(PlanCandidate candidate, PlanRequest request, MeanRequest mean)
    {
        var engine = PlanTrial.Engine(candidate, request.Serving);
        var steady = new SteadyState(engine, mean);
        var limits = request.Serving.Limits.ToList();
        var alone = steady.At(1, packed: true).TpotNs / 1e6;
        if (!candidate.IsDisaggregated)
        {
            var best = steady.Best(limits, Slack, packed: true);
            return new PlanBound(best?.RequestsPerSecond * engine.Ranks * Optimism, alone);
        }
        if (steady.BestDecode(limits, Slack) is not { } decode)
            return new PlanBound(null, alone);
        var prefill = steady.PrefillRate() * candidate.PrefillReplicas;
        var both = Math.Min(prefill, decode.RequestsPerSecond * candidate.ServingReplicas);
        return new PlanBound(both * engine.Ranks * Optimism, alone);
    }

    public string Miss(PlanRequest request)
    {
        var limit = request.Serving.Limits.Where(l => l.Metric == Metric.Tpot)
            .Select(l => l.LimitNs / 1e6).DefaultIfEmpty(double.NaN).Min();
        return FormattableString.Invariant(
            $"one request alone takes {AloneMs:0.#} ms a token, over {limit:0.#}");
    }
}
