using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The best steady state of whole units under limits on means. What one engine does is computed once, however
/// many pairs of pools it is part of.
/// </summary>
sealed class SteadyPoints(PlanRequest request, MeanRequest lengths)
{
    /// <summary>Of an engine that prefills: one that is always busy has a queue without end.</summary>
    const double Busy = 0.9;

    readonly IReadOnlyList<Limit> _limits = [.. request.Serving.Limits];
    readonly ConcurrentDictionary<Deployment, Apart> _apart = new(ReferenceEqualityComparer.Instance);

    /// <summary>Null where no state keeps the limits; concurrency is that of all engines.</summary>
    public SteadyPoint? Best(PlanCandidate candidate)
    {
        if (!candidate.IsDisaggregated)
        {
            var engine = Engine(candidate, candidate.Deployment);
            return new SteadyState(engine, lengths).Best(_limits, slack: 1, packed: false) is not { } point
                ? null : Times(point, engine.Ranks, point.RequestsPerSecond * engine.Ranks);
        }
        var (decode, prompts) = (Of(candidate, candidate.Deployment), Of(candidate, candidate.Prefill));
        if (decode.Answers is not { } best || _limits.Any(
            limit => limit.Metric == Metric.Ttft && limit.LimitNs < prompts.FirstTokenNs))
        {
            return null;
        }
        var engines = candidate.ServingReplicas * candidate.Deployment.DataParallel;
        var rate = Math.Min(
            Busy * prompts.PromptsPerSecond * candidate.PrefillReplicas, best.RequestsPerSecond * engines);
        return Times(best, engines, rate) with { FirstTokenNs = prompts.FirstTokenNs };
    }

    /// <summary>What a unit's step times rest on: the lesser of its engines' tiers.</summary>
    public string Tier(PlanCandidate candidate) =>
        StepTimeCatalogue.For(candidate.Deployment.Accelerator, candidate.Deployment.Engine.Engine)
            .Tier.ToString().ToLowerInvariant();

    static SteadyPoint Times(SteadyPoint point, int engines, double rate) =>
        point with { Running = point.Running * engines, RequestsPerSecond = rate };

    Apart Of(PlanCandidate candidate, Deployment deployment) => _apart.GetOrAdd(deployment, of =>
    {
        var engine = Engine(candidate, of);
        var steady = new SteadyState(engine, lengths);
        var ttft = _limits.Where(limit => limit.Metric == Metric.Ttft).Select(limit => (double)limit.LimitNs)
            .DefaultIfEmpty(double.PositiveInfinity).Min();
        return new Apart(
            steady.PrefillRate(ttft) * engine.Ranks, steady.PrefillNs, steady.BestDecode(_limits, 1));
    });

    SimulatedEngine Engine(PlanCandidate candidate, Deployment deployment) => SimulatedEngine.Of(
        StepTimeCatalogue.ModelOf(deployment), candidate.Policy, (int)lengths.Tokens);

    /// <param name="PromptsPerSecond">Of all ranks.</param>
    /// <param name="FirstTokenNs">Of one prompt alone.</param>
    /// <param name="Answers">Of one rank.</param>
    readonly record struct Apart(double PromptsPerSecond, double FirstTokenNs, SteadyPoint? Answers);
}
