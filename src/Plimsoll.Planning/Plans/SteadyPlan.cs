using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The question without arrivals: one input length, one output length, as many requests at once as keep the
/// limits on means. Closed form, so it knows no queue, no burst and no percentile.
/// </summary>
public static class SteadyPlan
{
    const int Shown = 10;

    /// <param name="request">Space, limits and objective; its workload is not read.</param>
    /// <param name="lengths">Of every request.</param>
    public static PlanDocument Of(PlanRequest request, MeanRequest lengths)
    {
        var candidates = PlanCandidates.Of(request.Space);
        if (candidates.Fitting.Count == 0)
        {
            throw PlanSearch.EmptySpace(candidates);
        }
        var rows = new PlanSteadyRow?[candidates.Fitting.Count];
        var points = new SteadyPoints(request, lengths);
        Parallel.For(0, rows.Length, i => rows[i] = Row(candidates.Fitting[i], points, request, lengths));
        var kept = rows.OfType<PlanSteadyRow>().OrderBy(row => request.Objective == PlanObjective.Cost
                ? (double)row.UsdPerMillionTokens : -row.OutputTokensPerSecondPerAccelerator)
            .ThenBy(row => row.Deployment, StringComparer.Ordinal).ToList();
        return new PlanDocument(
            PlanStatements.Schema,
            new PlanStatement(
                FormattableString.Invariant(
                    $"{lengths.PromptTokens:0} tokens in, {lengths.OutputTokens:0} out"),
                "given", 0, 1, [.. request.Serving.Limits.Select(Mean)],
                PlanObjectives.All.NameOf(request.Objective), 0, rows.Length + candidates.Fallen.Count, 0),
            [], Funnel(candidates, rows), [], null,
            [
                "closed form, in steady state without arrivals: limits are held against means, a TTFT is "
                + "that of a prompt that finds no queue; a plan over a workload asks what real arrivals do",
            ],
            [.. kept.Take(Shown).Select((row, i) => row with { Rank = i + 1 })]);
    }

    static string Mean(Limit limit) => FormattableString.Invariant(
        $"mean {limit.Metric.Name()} {limit.LimitNs / 1e6:0.###}ms");

    static IReadOnlyList<PlanFunnelRow> Funnel(PlanCandidates candidates, PlanSteadyRow?[] rows) =>
    [
        new PlanFunnelRow("memory", "the model does not fit, or cannot be split so", candidates.Fallen.Count),
        new PlanFunnelRow("unreachable", "even one request at a time misses a limit, or there are too few "
            + "accelerators", rows.Count(row => row is null)),
    ];

    static PlanSteadyRow? Row(
        PlanCandidate candidate, SteadyPoints points, PlanRequest request, MeanRequest lengths)
    {
        if (candidate.Accelerators > request.MaxAccelerators || points.Best(candidate) is not { } point)
            return null;
        var rate = point.RequestsPerSecond;
        var perToken = candidate.UsdPerHour / (rate * lengths.Tokens * 3600) * 1e6;
        var d = candidate.Deployment;
        return new PlanSteadyRow(
            0, PlanStatements.Short(candidate, request), d.Model.Name, d.Accelerator.Name,
            candidate.Accelerators, point.Running, point.FirstTokenNs / 1e6, point.TpotNs / 1e6,
            1e9 / point.TpotNs, rate * lengths.OutputTokens / candidate.Accelerators, rate,
            PicoDollars.FromUsd(perToken).Usd, points.Tier(candidate));
    }
}
