using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Routing;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Levers;

/// <summary>Levers that only several replicas together have: router, pools of their own.</summary>
static class FleetLevers
{
    static readonly PlanRung Rung = new("lever", 1, 3000);

    public static IEnumerable<LeverRow> Of(SimulatedEngine engine, ComparedSide side)
    {
        if (side.IsBatch)
            yield break;
        var serving = side.Serving(Rung.Requests, seed: 1);
        var request = new PlanRequest
        {
            Serving = serving, Space = new PlanSpace { Models = [], Accelerators = [] }, SpareReplicas = 0,
        };
        var mean = MeanRequest.Of(serving, engine);
        var even = Candidate(engine, serving, side) with { Router = RoutingPolicy.LeastOutstanding };
        foreach (var (name, change, candidate) in new[]
        {
            ("prefix routing", "a router that sends a prefix where it is cached, over least outstanding",
                even with { Router = RoutingPolicy.PrefixAffinity }),
            ("disaggregation 1:1", "a pool that prefills for each that decodes, one to one", even with
            {
                Router = null, PrefillReplicas = 1, ServingReplicas = 1,
            }),
            ("disaggregation 1:2", "one that prefills for two that decode",
                even with { Router = null, PrefillReplicas = 1, ServingReplicas = 2 }),
        })
        {
            yield return candidate.Router == RoutingPolicy.PrefixAffinity && !LeverTrials.SharesPrefixes(side)
                ? new LeverRow(name, $"{change}: no prefix recurs in this traffic", null, null, null, null)
                : Row(name, change, candidate);
        }

        LeverRow Row(string name, string change, PlanCandidate candidate)
        {
            var scale = new FleetScale(request, mean.Tokens);
            double? Usd(PlanCandidate of, Core.Timing.StepErrorDraw? wrong)
            {
                var bound = PlanBound.Of(of, request, mean);
                if (bound.RequestsPerSecond is null)
                    return null;
                var line = new PlanTrial(of, request, bound).Measure(Rung, wrong).Line;
                return line > 0 ? scale.UsdPerMillionTokens(scale.Unrounded(of, line)) : null;
            }
            var errors = engine.StepTime.Errors;
            var changes = new[] { null, ErrorEnds.Of(errors, false), ErrorEnds.Of(errors, true) }
                .Select(wrong => Usd(candidate, wrong) - Usd(even, wrong)).ToList();
            if (changes[0] is not { } usd)
                return new LeverRow(name, $"{change}: keeps no promise", null, null, null, null);
            var known = changes.OfType<double>().ToList();
            return new LeverRow(
                name, change, Money(usd), Money(known.Min()),
                known.Count < changes.Count ? null : Money(known.Max()), null);
        }
    }

    static PlanCandidate Candidate(SimulatedEngine engine, Serving serving, ComparedSide side) => new()
    {
        Index = 0, Deployment = engine.Deployment, Policy = serving.Policy, Price = side.Price,
    };

    static decimal Money(double usd) => PicoDollars.FromUsd(usd).Usd;
}
