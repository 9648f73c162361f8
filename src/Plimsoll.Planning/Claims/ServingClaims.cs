using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using static Plimsoll.Planning.Claims.ClaimsSetting;

namespace Plimsoll.Planning.Claims;

/// <summary>Claims about serving under a promise, models and levers.</summary>
static class ServingClaims
{
    const string Slower = "where costs fell less";
    const string Sizes = "model size";

    public static IEnumerable<ClaimRow> Of(ClaimsSetting s)
    {
        yield return Promise(s);
        yield return Utilisation(s);
        yield return SmallModel(s);
        yield return Speculation(s);
        yield return Batching(s);
        var eras = Eras(s);
        yield return Curves(eras);
        yield return Frontier(s, eras);
        yield return FirstToken(s);
    }

    static ClaimRow Promise(ClaimsSetting s)
    {
        var batch = s.Costs.Batch(s.Large, s.Card, s.Today);
        var all = Ratio("under the whole promise over batch", s.Costs.Of(s.Large, s.Card, s.Today), batch);
        var peak = FleetSize.PeakOverMean(s.Costs.Serving.Workload.WeeklyEnvelope);
        var ttft = Ratio("with its TTFT limits alone",
            s.Costs.Of(s.Large, s.Card, s.Today, l => l.Metric == Metric.Ttft), batch);
        return new ClaimRow(
            4, "A 70B model with p95 TTFT under half a second costs meaningfully more than batch", Slower,
            [
                all, ttft, Fact("busiest hour over mean, of either", peak, "×", "data/workloads/chat.json"),
                Measured("one system, Server or Interactive over Offline, per promise", 1.4, 1.8, "×",
                    "MLPerf Inference v5.1, Llama-2-70B; 2 to 14 when strict"),
            ],
            all.Value >= 1.5 ? "holds" : all.Value is null ? "not settled" : "does not hold",
            all.Value is { } over
                ? "the busiest hour, for which a fleet is sized, is a factor of "
                    + FormattableString.Invariant($"{peak:0.0} of it, bursts and limits {over / peak:0.0}")
                : "nobody keeps this promise on this card");
    }

    static ClaimRow Utilisation(ClaimsSetting s)
    {
        var figures = new List<ClaimFigure>();
        var peaks = new List<double>();
        foreach (var name in new[] { "chat", "code-completion" })
        {
            peaks.Add(FleetSize.PeakOverMean(WorkloadFamily.Find(name).WeeklyEnvelope));
            figures.Add(Fact(
                $"busiest hour over mean, {name}", peaks[^1], "×", $"data/workloads/{name}.json"));
        }
        figures.Add(Measured("cost at 10 requests/s over the same system's saturated cost", 1.0, 3.8, "×",
            "arXiv:2606.11690, 20 configurations on H100 and A100"));
        return new ClaimRow(
            5, "Hardware for interactive work runs emptier, and that multiplies its cost", Slower, figures,
            peaks.All(peak => peak > 1) ? "holds" : "does not hold",
            "cost is the reciprocal of utilisation, whatever empties the fleet");
    }

    static ClaimRow SmallModel(ClaimsSetting s)
    {
        var large = s.Costs.Of(s.Large, s.Card, s.Today);
        var small = s.Costs.Of(s.Small, s.Card, s.Today);
        var ratio = Ratio($"{s.Large.Name} over {s.Small.Name}, under the promise", large, small);
        return new ClaimRow(
            6, "A small tuned model is cheap to serve with low latency", Sizes,
            [
                Cost($"{s.Small.Name}, interactive", small), ratio,
                Ratio("the same in batch", s.Costs.Batch(s.Large, s.Card, s.Today),
                    s.Costs.Batch(s.Small, s.Card, s.Today)),
                Measured("8B against 70B at peak, and at ITL ≤ 25 ms", 5.0, 13, "×",
                    "ML.ENERGY leaderboard, H100"),
                Made("share that may fall back to the large one before nothing is saved",
                    1 - 1 / ratio.Value, "of requests", "1 − small ÷ large; a fallback pays for both"),
            ],
            ratio.Value >= 3 ? "holds if" : "does not hold",
                "the fleet is loaded; a near-idle card costs the same");
    }

    static ClaimRow Speculation(ClaimsSetting s)
    {
        const int Drafts = 3;
        var steady = s.Steady(s.Large, s.Card, out var engine);
        double Alike(int running)
        {
            var plain = new StepShape();
            plain.AddDecodes(running, (long)(running * s.Costs.Mean.Tokens));
            var drafted = new StepShape();
            drafted.AddDecodes(running * (Drafts + 1), (long)(running * s.Costs.Mean.Tokens));
            return (double)engine.StepTime.PredictNs(drafted) / engine.StepTime.PredictNs(plain);
        }
        var most = Math.Min(steady.MostRunning, engine.Limits.MaxNumSeqs);
        var (full, few) = (Alike(most), Alike(8));
        return new ClaimRow(
            7, "Speculation can raise the cost of a token where drafts are often wrong", Slower,
            [
                Made($"tokens a step must yield to pay, {most} at once", full, "tokens",
                    "step with 3 drafts each"),
                Made("the same, 8 at once", few, "tokens", "over a step without, tier kernels or datasheet"),
                Measured("tokens a step of 3 drafts yields", 2.49, 3.39, "tokens",
                    "vLLM acceptance lengths by task"),
            ],
            full > 2.49 ? "holds if" : "does not hold",
            FormattableString.Invariant(
                $"batches are full: then a step must yield {full:0.0} tokens; with few at ")
                + FormattableString.Invariant($"once {few:0.0} are enough"));
    }

    static ClaimRow Batching(ClaimsSetting s)
    {
        var steady = s.Steady(s.Large, s.Card, out _);
        var (one, some, all) = (steady.At(1), steady.At(32), steady.At(steady.MostRunning));
        ClaimFigure Over(string name, double value) => Made(name, value, "×", "steady state, closed form");
        return new ClaimRow(
            10, "Batching raises throughput and adds latency to single requests", Slower,
            [
                Over("throughput, 32 at once over 1", some.RequestsPerSecond / one.RequestsPerSecond),
                Over("time per token, the same", some.TpotNs / one.TpotNs),
                Over($"throughput, {all.Running} over 1", all.RequestsPerSecond / one.RequestsPerSecond),
                Over("time per token, the same", all.TpotNs / one.TpotNs),
            ],
            some.TpotNs > one.TpotNs && all.RequestsPerSecond > one.RequestsPerSecond ? "holds"
                : "does not hold",
            "the first requests of a batch ride for little, the last ones pay nearly what they bring");
    }

    /// <summary>Cards and their prices of three dates: one model, no quantisation.</summary>
    static List<(string Date, ClaimCost Interactive, ClaimCost Batch, ClaimCost Small)> Eras(ClaimsSetting s)
    {
        var eras = new List<(string, ClaimCost, ClaimCost, ClaimCost)>();
        foreach (var (date, card, usd) in new[]
        {
            ("2023-02", s.A100, Price(s.A100, "2023-02-01")),
                ("2025-01", s.H100, Price(s.H100, "2025-01-01")),
            (s.Date ?? "today", s.Card, s.Today),
        })
        {
            eras.Add((date, s.Costs.Of(s.Large, card, usd), s.Costs.Batch(s.Large, card, usd),
                s.Costs.Of(s.Small, card, usd)));
        }
        return eras;
    }

    static ClaimRow Curves(List<(string Date, ClaimCost Interactive, ClaimCost Batch, ClaimCost Small)> eras)
    {
        var interactive = Ratio($"interactive, {eras[0].Date} over today", eras[0].Interactive,
            eras[^1].Interactive);
        var batch = Ratio($"batch, {eras[0].Date} over today", eras[0].Batch, eras[^1].Batch);
        var figures = eras.SelectMany(e => new[]
        {
            Cost($"interactive, {e.Date}", e.Interactive), Cost($"batch, {e.Date}", e.Batch),
        }).Append(interactive).Append(batch).ToList();
        var (verdict, because) = interactive.Value is null
            ? ("does not hold", "the card of the time could not keep this promise at all")
            : interactive.High < batch.Low
                ? ("holds", "their intervals are apart")
                : interactive.Low > batch.High
                    ? ("does not hold", "interactive cost fell faster, their intervals apart")
                    : ("not settled",
                        "the intervals overlap; the engine is the same throughout, so what software "
                        + "gained is not in it");
        return new ClaimRow(
            11, "The cost curve of interactive serving improves more slowly than that of batch", Slower,
                figures,
            verdict, because);
    }

    static ClaimRow Frontier(
        ClaimsSetting s, List<(string Date, ClaimCost Interactive, ClaimCost Batch, ClaimCost Small)> eras)
    {
        var large = Ratio($"{s.Large.Name}, {eras[0].Date} over today", eras[0].Interactive,
            eras[^1].Interactive);
        var small = Ratio($"{s.Small.Name}, {eras[0].Date} over today", eras[0].Small, eras[^1].Small);
        return new ClaimRow(
            12, "Large models have not become cheaper in proportion when served interactively", Sizes,
            [large, small, Ratio("large over small today", eras[^1].Interactive, eras[^1].Small)],
            large.High is null || small.High is null || Overlap(large, small) ? "not settled"
                : large.Value < small.Value ? "holds" : "does not hold",
            "both ran the same engine on the same cards; what differs is how far a promise was from either");
    }

    static bool Overlap(ClaimFigure one, ClaimFigure other) => one.Low <= other.High && other.Low <= one.High;

    static ClaimRow FirstToken(ClaimsSetting s)
    {
        var steady = s.Steady(s.Large, s.Card, out var engine);
        var mean = s.Costs.Mean;
        var floor = ModelLimits.FloorNsPerRequest(
            engine.Deployment, (long)mean.PromptTokens, (long)mean.CachedTokens, 1) / 1e6;
        var alone = steady.At(1).FirstTokenNs / 1e6;
        var limit = s.Costs.Serving.Limits.Where(l => l.Metric == Metric.Ttft).Select(l => l.LimitNs / 1e6)
            .DefaultIfEmpty(double.NaN).Min();
        return new ClaimRow(
            13, "First tokens come far later than they could: spikes, headroom, old kernels",
                "infrastructure",
            [
                Made("physical floor of a mean prompt", floor, "ms", "peak FLOP/s, nothing else"),
                Made("kernels and engine, nobody waiting", alone, "ms",
                    "one request beside one that decodes"),
                Made("what load may take of the promise", double.IsNaN(limit) ? null : limit - alone, "ms",
                    "the limit less the row above"),
            ],
            alone > 2 * floor ? "holds" : "does not hold",
            FormattableString.Invariant(
                $"an idle engine takes {alone / floor:0.0} times the floor, and the fleet is ")
                + "sized so that the p95 reaches the limit");
    }
}
