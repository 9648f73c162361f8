using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Routing;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>An outcome as its document.</summary>
public static class PlanStatements
{
    public const string Schema = "plimsoll/plan/1";

    static readonly IReadOnlyList<(PlanStage Stage, string Name, string Meaning)> Stages =
    [
        (PlanStage.Impossible, "impossible", "degrees of parallelism that the model or the card cannot have"),
        (PlanStage.Memory, "memory", "the model does not fit"),
        (PlanStage.Limits, "limits", "over the accelerators or the budget that are allowed"),
        (PlanStage.Unreachable, "unreachable", "even one request alone misses the promise"),
        (PlanStage.Bound, "bound", "dearer even at best than what was found"),
        (PlanStage.ShortRun, "short-run", "dearer, or the promise broken, in a short simulation"),
        (PlanStage.Race, "race", "dearer in a longer one"),
        (PlanStage.Full, "full", "simulated in full and not among the ten best"),
        (PlanStage.NotReached, "not-reached", "time ran out before it was looked at"),
    ];

    /// <param name="outcome">What was found.</param>
    /// <param name="nearest">Under the nearest promise, where nobody keeps the one asked for.</param>
    public static PlanDocument Of(PlanOutcome outcome, PlanOutcome? nearest = null)
    {
        var request = outcome.Request;
        var workload = request.Serving.Workload;
        return new PlanDocument(
            Schema,
            new PlanStatement(
                workload.Name, workload.Source, request.Serving.RequestsPerSecond,
                outcome.Scale.Peak / request.Serving.RequestsPerSecond, Promise(request),
                PlanObjectives.All.NameOf(request.Objective), outcome.Scale.Spare, outcome.Candidates,
                outcome.SimulatedRequests),
            Rows(outcome), Funnel(outcome), Favourites(outcome),
            nearest is { Best.Count: > 0 } ? new PlanNearest(Promise(nearest.Request), Rows(nearest)[0])
                : null,
            Notes(outcome), null);
    }

    static IReadOnlyList<string> Promise(PlanRequest request) => request.IsBatch
        ? ["none: batch work, done when it is done"]
        : [.. request.Serving.Limits.Select(PromiseText.Of)];

    static IReadOnlyList<PlanRow> Rows(PlanOutcome outcome) =>
        [.. outcome.Best.Select((entry, i) => Row(outcome, entry, i + 1))];

    static PlanRow Row(PlanOutcome outcome, PlanEntry entry, int rank)
    {
        var (candidate, scale) = (entry.Candidate, outcome.Scale);
        var d = candidate.Deployment;
        var line = entry.Measure.Line;
        return new PlanRow(
            rank, Short(candidate, outcome.Request), d.Model.Name, d.Accelerator.Name, d.Weights.Name(),
            d.Kv.Name(), d.TensorParallel, d.PipelineParallel, d.ExpertParallel, d.DataParallel,
            d.Engine.EngineVersion is { } version ? $"{d.Engine.Engine}@{version}" : d.Engine.Engine,
            d.Engine.MaxNumSeqs, d.Engine.MaxNumBatchedTokens, d.Engine.Speculation?.DraftTokens,
            d.Engine.KvTiers?.Name, candidate.Policy.Name,
            candidate.Router is { } router ? RoutingPolicies.All.NameOf(router) : null,
            candidate.PrefillReplicas, candidate.ServingReplicas, Prefill(candidate.PrefillDeployment),
            d.Engine.TwoBatchOverlap, d.Engine.RedundantExperts, Fleet(candidate, scale, line),
            Bill(entry, scale), line, entry.Measure.StandardError, entry.LineFast, entry.LineSlow,
            entry.Measure.Binding ?? "throughput",
            rank == 1 ? null : new PlanDifference(entry.ToBest.Value, entry.ToBest.Low, entry.ToBest.High),
            rank > 1 && entry.ToBest.IsTie, TierOf(entry.StepTime.Tier),
            new PriceStatement(
                (double)candidate.Price.UsdPerHour, candidate.Price.ProviderType, candidate.Price.AsOf,
                candidate.Price.Source));
    }

    static PlanPrefill? Prefill(Core.Hardware.Deployment? own) => own is null ? null : new PlanPrefill(
        own.TensorParallel, own.PipelineParallel, own.ExpertParallel, own.DataParallel,
        own.Engine.MaxNumBatchedTokens, own.Engine.TwoBatchOverlap, own.Engine.RedundantExperts);

    static PlanFleet Fleet(PlanCandidate candidate, FleetScale scale, double line)
    {
        var accelerators = scale.Accelerators(candidate, line);
        return new PlanFleet(
            scale.Units(line), scale.Spare, accelerators,
            candidate.Deployment.Accelerator.TdpWatts * accelerators);
    }

    static PlanBill Bill(PlanEntry entry, FleetScale scale)
    {
        var (candidate, line) = (entry.Candidate, entry.Measure.Line);
        var usd = scale.UsdPerHour(candidate, line);
        var spare = scale.Spare * candidate.UsdPerHour;
        decimal PerMillion(double usdPerHour) =>
            PicoDollars.FromUsd(scale.UsdPerMillionTokens(usdPerHour)).Usd;
        var bill = PerMillion(usd);
        decimal? high = entry.LineSlow > 0 ? PerMillion(scale.UsdPerHour(candidate, entry.LineSlow)) : null;
        return new PlanBill(
            usd, usd - spare - scale.Peak / line * candidate.UsdPerHour, spare, bill,
            new Interval(PerMillion(scale.UsdPerHour(candidate, entry.LineFast)), high));
    }

    static IReadOnlyList<PlanFunnelRow> Funnel(PlanOutcome outcome)
    {
        var rows = new List<PlanFunnelRow>();
        foreach (var (stage, name, meaning) in Stages)
        {
            var fell = outcome.Fallen.Count(f => f.Stage == stage);
            if (fell > 0)
                rows.Add(new PlanFunnelRow(name, meaning, fell));
        }
        return rows;
    }

    /// <summary>How far the best of every model, format and card came.</summary>
    static IReadOnlyList<PlanFavourite> Favourites(PlanOutcome outcome)
    {
        var rows = new List<PlanFavourite>();
        var families = outcome.Best.Select(e => e.Candidate.Family)
            .Concat(outcome.Fallen.Where(f => f.Stage > PlanStage.Impossible).Select(f => f.Candidate.Family))
            .Distinct().ToList();
        foreach (var family in families)
        {
            var rank = outcome.Best.ToList().FindIndex(e => e.Candidate.Family == family);
            if (rank >= 0)
            {
                rows.Add(new PlanFavourite(
                    family, Short(outcome.Best[rank].Candidate, outcome.Request), "best",
                        "among the ten best",
                    outcome.Scale.Whole(outcome.Best[rank].Candidate, outcome.Best[rank].Measure.Line),
                    rank + 1));
                continue;
            }
            var furthest = outcome.Fallen.Where(f => f.Candidate.Family == family)
                .OrderByDescending(f => f.AtLeast is not null).ThenByDescending(f => f.Stage)
                .ThenBy(f => f.AtLeast).First();
            rows.Add(new PlanFavourite(
                family, Short(furthest.Candidate, outcome.Request),
                Stages.First(s => s.Stage == furthest.Stage).Name, furthest.Reason, furthest.AtLeast, null));
        }
        return rows;
    }

    static IReadOnlyList<string> Notes(PlanOutcome outcome)
    {
        var notes = new List<string>
        {
            "ranked by the whole fleet's bill: busiest hour, spares and whole units included; over the best: "
            + "the same draws for both, spares counted and nothing rounded, 90 % interval; "
            + "a tie is an interval that holds zero",
        };
        notes.AddRange(outcome.Request.Serving.Workload.Notes.Select(note => $"workload: {note}"));
        var tiers = outcome.Best.Select(e => e.StepTime.Tier).Distinct().ToList();
        if (tiers.Count > 1)
        {
            var guessed = outcome.Best.Select((e, i) => (e.StepTime.Tier, Rank: i + 1))
                .Where(e => e.Tier == Tier.Datasheet).Select(e =>
                    e.Rank.ToString(CultureInfo.InvariantCulture));
            notes.Add($"mixed tiers: ranks {string.Join(", ", guessed)} rest on datasheets, the others on "
                + "measured kernels; a rank between tiers is worth no more than its interval");
        }
        var stream = PlanRungs.Of(outcome.Request).Full.Requests;
        if (!outcome.Request.IsBatch && stream < PlanRungs.FewestShort)
        {
            notes.Add(FormattableString.Invariant(
                $"each stream has {stream:N0} requests and is over before a burst comes: large units look ")
                + "cheaper than they are and no order is worth much; "
                + FormattableString.Invariant($"expected {PlanRungs.FewestShort:N0} or more"));
        }
        if (outcome.Request.Shard.Of > 1)
        {
            notes.Add(FormattableString.Invariant(
                $"shard {outcome.Request.Shard.Number} of {outcome.Request.Shard.Of}: the others' ")
                + "candidates are not in it; plimsoll plan merge joins them");
        }
        if (outcome.Fallen.Any(f => f.Stage == PlanStage.NotReached))
            notes.Add("time ran out: what was not reached may hold a cheaper fleet");
        return notes;
    }

    static string TierOf(Tier tier) => tier.ToString().ToLowerInvariant();

    /// <summary>What tells a candidate from the others of its space.</summary>
    public static string Short(PlanCandidate candidate, PlanRequest request)
    {
        var (d, space) = (candidate.Deployment, request.Space);
        var words = new List<string>();
        if (space.Models.Count > 1)
            words.Add(d.Model.Name);
        words.Add(d.Accelerator.Name);
        words.AddRange(ParallelismChoice.Words(d));
        words.Add(space.Kv.Count > 1 ? $"{d.Weights.Name()}/{d.Kv.Name()}" : d.Weights.Name());
        if (space.Engines.Count > 1)
        {
            words.Add(d.Engine.EngineVersion is { } version ? $"{d.Engine.Engine}@{version}"
                : d.Engine.Engine);
        }
        if (space.MaxNumSeqs.Count > 1)
            words.Add(FormattableString.Invariant($"seqs {d.Engine.MaxNumSeqs}"));
        if (space.MaxNumBatchedTokens.Count > 1)
            words.Add(FormattableString.Invariant($"tokens {d.Engine.MaxNumBatchedTokens}"));
        if (space.Policies.Count > 1)
            words.Add(candidate.Policy.Name);
        if (d.Engine.Speculation is { } drafts)
            words.Add(FormattableString.Invariant($"drafts {drafts.DraftTokens}"));
        if (space.KvTiers.Count > 1)
            words.Add(d.Engine.KvTiers?.Name ?? "no tiers");
        AddWidth(d);
        if (candidate.IsDisaggregated)
        {
            words.Add(FormattableString.Invariant(
                $"{candidate.PrefillReplicas}P:{candidate.ServingReplicas}D"));
        }
        if (candidate.PrefillDeployment is { } prefill)
        {
            words.Add("(P " + string.Join(' ', ParallelismChoice.Words(prefill)));
            AddWidth(prefill);
            words[^1] += ")";
        }
        if (candidate.Router is { } router)
            words.Add(RoutingPolicies.All.NameOf(router));
        return string.Join(' ', words);

        void AddWidth(Core.Hardware.Deployment of)
        {
            if (of.Engine.TwoBatchOverlap)
                words.Add("dbo");
            if (of.Engine.RedundantExperts > 1)
                words.Add(FormattableString.Invariant($"redundant {of.Engine.RedundantExperts}"));
        }
    }
}
