using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Plans;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Claims;

/// <summary>What a million tokens cost on one card at one price, batch or under a promise.</summary>
/// <param name="Usd">As predicted; null where the promise cannot be kept.</param>
/// <param name="Low">With steps as fast as the tier's error allows.</param>
/// <param name="High">With slow steps; null where the promise then breaks.</param>
/// <param name="Candidate">The replica that costs least.</param>
/// <param name="Tier">What its step times rest on.</param>
public sealed record ClaimCost(double? Usd, double? Low, double? High, PlanCandidate? Candidate, Tier Tier);

/// <summary>
/// Costs that claims are made of, each by a short simulation of the deployment that carries most per dollar:
/// one stream, fleets in fractions of a replica, no spares, so that figures of different dates and cards
/// differ by nothing else.
/// </summary>
public sealed class ClaimCosts
{
    /// <summary>Deployments of a card that are simulated, the best bounds first.</summary>
    const int Tried = 3;

    static readonly PlanRung Rung = new("claim", 1, 2000);

    readonly ConcurrentDictionary<string, ClaimCost> _known = new();
    readonly Serving _serving;
    readonly MeanRequest _mean;

    public ClaimCosts(Workload workload, IReadOnlyList<Limit> promise, ulong seed = 1)
    {
        var model = Catalogue.BuiltIn.FindModel(Usual.SmallModel);
        var card = Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator);
        _serving = new Serving
        {
            Deployment = new DeploymentChoice
            {
                Model = model, Accelerator = card, Weights = model.NativeWeights, Kv = NumberFormat.Bf16,
                Engine = EngineCatalogue.ServerDefaults(card),
            },
            Workload = workload,
            RequestsPerSecond = workload.RequestsPerSecond,
            Levels = [LevelPromise.Of(ServiceLevelSpec.Default, promise)],
            Requests = Rung.Requests,
            Seed = seed,
        };
        _mean = MeanRequest.Of(
            _serving, PlanTrial.Engine(Candidates(model, card, Price(card, 1), null)[0], _serving));
    }

    public MeanRequest Mean => _mean;

    public Serving Serving => _serving;

    /// <summary>A price that was not looked up.</summary>
    public static PriceSpec Price(AcceleratorSpec card, decimal usd) => new()
    {
        Accelerator = card.Key, ProviderType = "given", Provider = "given", Term = "given", UsdPerHour = usd,
        AsOf = null, Confidence = "given", Source = "given",
    };

    /// <summary>The cost under some of the promise's limits; of none it is that of batch work.</summary>
    public ClaimCost Of(
        ModelSpec model, AcceleratorSpec card, double usdPerHour, Func<Limit, bool>? which = null,
        NumberFormat? weights = null, string? version = null)
    {
        var limits = _serving.Limits.Where(which ?? (_ => true)).ToList();
        var key = FormattableString.Invariant(
            $"{model.Name} {card.Key} {weights ?? model.NativeWeights} {version} ")
            + string.Join(',', limits.Select(PromiseText.Of));
        var perDollar = _known.GetOrAdd(
            key, _ => Find(Candidates(model, card, Price(card, 1), weights, version), limits));
        return perDollar with
        {
            Usd = perDollar.Usd * usdPerHour, Low = perDollar.Low * usdPerHour,
            High = perDollar.High * usdPerHour,
        };
    }

    /// <summary>The same without a promise.</summary>
    public ClaimCost Batch(
        ModelSpec model, AcceleratorSpec card, double usdPerHour, NumberFormat? weights = null,
        string? version = null) => Of(model, card, usdPerHour, _ => false, weights, version);

    static IReadOnlyList<PlanCandidate> Candidates(
        ModelSpec model, AcceleratorSpec card, PriceSpec price, NumberFormat? weights, string? version =
            null) =>
        PlanCandidates.Of(new PlanSpace
        {
            Models = [model], Accelerators = [(card, price)], Engines = [(Usual.Engine, version)],
            Weights = [weights],
        }).Fitting;

    ClaimCost Find(IReadOnlyList<PlanCandidate> candidates, List<Limit> limits)
    {
        var request = new PlanRequest
        {
            Serving = _serving with { Levels = [LevelPromise.Of(ServiceLevelSpec.Default, limits)] },
            Space = new PlanSpace { Models = [], Accelerators = [] },
            SpareReplicas = 0,
        };
        var scale = new FleetScale(request, _mean.Tokens);
        var bounded = candidates.Select(c => (Candidate: c, Bound: PlanBound.Of(c, request, _mean)))
            .Where(c => c.Bound.RequestsPerSecond is not null)
            .OrderBy(c => scale.Unrounded(c.Candidate, c.Bound.RequestsPerSecond!.Value)).Take(Tried);
        var best = new ClaimCost(null, null, null, null, Tier.Datasheet);
        foreach (var (candidate, bound) in bounded)
        {
            var trial = new PlanTrial(candidate, request, bound);
            if (Usd(trial, candidate, null) is not { } usd || usd >= best.Usd)
                continue;
            var errors = trial.StepTime.Errors;
            best = new ClaimCost(
                usd, Usd(trial, candidate, ErrorEnds.Of(errors, isSlow: false)),
                Usd(trial, candidate, ErrorEnds.Of(errors, isSlow: true)), candidate, trial.StepTime.Tier);
        }
        return best;

        double? Usd(PlanTrial trial, PlanCandidate candidate, StepErrorDraw? wrong)
        {
            var line = trial.Measure(Rung, wrong).Line;
            return line > 0 ? scale.UsdPerMillionTokens(scale.Unrounded(candidate, line)) : null;
        }
    }
}
