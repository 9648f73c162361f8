using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
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
    public static PlanBound Of(PlanCandidate candidate, PlanRequest request, MeanRequest mean) =>
        new PlanBounds(request, mean).Of(candidate);

    public string Miss(PlanRequest request)
    {
        var limit = request.Serving.Limits.Where(l => l.Metric == Metric.Tpot)
            .Select(l => l.LimitNs / 1e6).DefaultIfEmpty(double.NaN).Min();
        return FormattableString.Invariant(
            $"one request alone takes {AloneMs:0.#} ms a token, over {limit:0.#}");
    }
}

/// <summary>
/// Bounds of a request's candidates. Pools pair the same few engines in many ways, so what an engine does
/// alone is computed once.
/// </summary>
sealed class PlanBounds(PlanRequest request, MeanRequest mean)
{
    /// <summary>
    /// By which a run may beat the closed form: lengths are not all the mean, and whole steps round.
    /// </summary>
    const double Optimism = 1.25;

    /// <summary>A p95 may exceed the mean; a mean far above the limit cannot keep it.</summary>
    const double Slack = 1.1;

    readonly IReadOnlyList<Limit> _limits = [.. request.Serving.Limits];

    /// <summary>Of an engine: prompts of all its ranks, answers of all of them, milliseconds a token alone.
    /// </summary>
    readonly ConcurrentDictionary<Deployment, (double Prompts, double? Answers, double AloneMs)> _apart =
        new(ReferenceEqualityComparer.Instance);

    public PlanBound Of(PlanCandidate candidate)
    {
        if (!candidate.IsDisaggregated)
        {
            var engine = PlanTrial.Engine(candidate, request.Serving);
            var steady = new SteadyState(engine, mean);
            return new PlanBound(
                steady.Best(_limits, Slack, packed: true)?.RequestsPerSecond * engine.Ranks * Optimism,
                steady.At(1, packed: true).TpotNs / 1e6);
        }
        var decode = Apart(candidate, candidate.Deployment);
        if (decode.Answers is not { } answers)
            return new PlanBound(null, decode.AloneMs);
        var prompts = Apart(candidate, candidate.Prefill).Prompts * candidate.PrefillReplicas;
        return new PlanBound(
            Math.Min(prompts, answers * candidate.ServingReplicas) * Optimism, decode.AloneMs);
    }

    (double Prompts, double? Answers, double AloneMs) Apart(PlanCandidate candidate, Deployment deployment) =>
        _apart.GetOrAdd(deployment, of =>
        {
            var engine = PlanTrial.Engine(candidate, of, request.Serving);
            var steady = new SteadyState(engine, mean);
            return (
                steady.PrefillRate() * engine.Ranks,
                steady.BestDecode(_limits, Slack)?.RequestsPerSecond * engine.Ranks,
                steady.At(1, packed: true).TpotNs / 1e6);
        });
}
