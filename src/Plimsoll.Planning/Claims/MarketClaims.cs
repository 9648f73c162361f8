using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using static Plimsoll.Planning.Claims.ClaimsSetting;

namespace Plimsoll.Planning.Claims;

/// <summary>Claims about margins, the upkeep of drafts, and what everybody has by now.</summary>
static class MarketClaims
{
    public static IEnumerable<ClaimRow> Of(ClaimsSetting s)
    {
        yield return Margins(s);
        yield return Drafts(s);
        yield return Commoditised(s);
    }

    /// <summary>
    /// What full batches cost then over now, in rent of the card and what engines gained, beside what list
    /// prices fell by.
    /// </summary>
    static ClaimRow Margins(ClaimsSetting s)
    {
        const string Then = "2024-01-15";
        const double PricesLow = 1.0, PricesHigh = 4.8, EnginesLow = 1.1, EnginesHigh = 1.3;
        var offers = Catalogue.BuiltIn.ApiPrices.Where(p => p.Model == s.Large.Name
            && p.InputUsd > 0).ToList();
        var share = s.Costs.Mean.PromptTokens / s.Costs.Mean.Tokens;
        var blends = offers.Select(p => (double)p.InputUsd * share + (double)p.OutputUsd * (1 - share))
            .Order().ToList();
        var batch = s.Costs.Batch(s.Large, s.Card, s.Today);
        var middle = blends.Count > 0 ? blends[blends.Count / 2] : (double?)null;
        var cards = Ratio("cost in full batches, January 2024's H100 and rent over now, today's engine",
            s.Costs.Batch(s.Large, s.H100, Price(s.H100, Then)), batch);
        var (low, high) = (cards.Low * EnginesLow, cards.High * EnginesHigh);
        var (verdict, because) = PricesLow > high
            ? ("holds", "prices fell by more than cards and engines together")
            : PricesHigh < low ? ("does not hold", "cards and engines fell by more than prices")
            : ("not settled", FormattableString.Invariant(
                $"prices fell {PricesLow:0.0} to {PricesHigh:0.0} times by provider, cost {low:0.0} to ")
                + FormattableString.Invariant($"{high:0.0} times: the ranges overlap, and no provider's ")
                + "utilisation is known");
        return new ClaimRow(
            9, "What customers pay per token fell faster than hardware cost, so margins shrank",
            "where costs fell",
            [
                new ClaimFigure("list price, this mix of tokens, median and range", middle,
                    blends.Count > 0 ? blends[0] : null, blends.Count > 0 ? blends[^1] : null, "USD/M tokens",
                    "catalogue", $"data/api-prices.csv, {offers.FirstOrDefault()?.AsOf ?? "none"}"),
                Cost("cost in full batches", batch),
                Made("median price less that cost", middle - batch.Usd, "USD/M tokens", "the two rows above"),
                cards,
                new ClaimFigure("with what engines gained on one card", null, low, high, "×", "computed",
                    "the row above times 1.1 to 1.3, MLPerf Inference, mature 70B"),
                Measured("70B list price, January 2024 over now", PricesLow, PricesHigh, "×",
                    "dated list prices, tokencost"),
            ],
            verdict, because);
    }

    /// <summary>What a head's retraining costs beside what its drafts save where the promise binds.</summary>
    static ClaimRow Drafts(ClaimsSetting s)
    {
        const double Tokens = 1e9, Utilisation = 0.4, Accepted = 2.9;
        const int Each = 3;
        var head = 14.0 * s.Large.Hidden * s.Large.Hidden;
        var flops = Tokens * (2.0 * s.Large.ActiveParameters + 6 * head);
        var usd = flops / (s.Card.PeakFlops(NumberFormat.Bf16) * Utilisation) / 3600 * s.Today;
        var steady = s.Steady(s.Large, s.Card, out var engine);
        var point = steady.Best([.. s.Costs.Serving.Limits], slack: 1, packed: false) ?? steady.At(1);
        var running = point.Running;
        var step = StepNs(running * (Each + 1)) / StepNs(running);
        var share = 1 - step / Accepted;
        var cost = s.Costs.Of(s.Large, s.Card, s.Today).Usd ?? s.Costs.Batch(s.Large, s.Card, s.Today).Usd;
        var volume = share > 0 ? usd / (cost * share) / 1000 : null;
        return new ClaimRow(
            14, "Keeping draft models up to date has slowed speculation", "what to watch",
            [
                Made("retraining a draft head on 10⁹ tokens", usd, "USD",
                    "2 FLOPs a target weight, 6 a draft's; 40 %"),
                Made($"step with {Each} drafts each over one without, {running} at once", step, "×",
                    "as many as the promise allows, closed form"),
                Made("share of the cost that drafts save there", share, "of cost",
                    "2.9 tokens a step, vLLM acceptance lengths"),
                Made("tokens served between two releases that pay for it", volume, "10⁹ tokens",
                    "the first row over the cost under the promise times the third"),
            ],
            volume is null ? "holds" : "holds if",
            volume is { } tokens
                ? FormattableString.Invariant($"the target serves fewer than {tokens:0.0} · 10⁹ tokens ")
                    + "between two of its releases; beyond that it is people's work, which is not computed"
                : "drafts save nothing where this promise binds, so any upkeep is too much");

        double StepNs(int decodes)
        {
            var shape = new StepShape();
            shape.AddDecodes(decodes, (long)(running * s.Costs.Mean.Tokens));
            return engine.StepTime.PredictNs(shape);
        }
    }

    /// <summary>Three levers, each where it was first and last to be had, batch and interactive.</summary>
    static ClaimRow Commoditised(ClaimsSetting s)
    {
        var levers = new (string Name, string Then, string Now, Func<bool, bool, Worth> Of)[]
        {
            ("BF16 over FP8", s.H100.Name, s.B200.Name, (isNow, isBatch) => Formats(isNow, isBatch)),
            ($"{s.Large.Name} over {s.Small.Name}", s.A100.Name, s.B200.Name,
                (isNow, isBatch) => Sizes(isNow, isBatch)),
            ("vLLM 0.10 over the newest", s.H100.Name, s.B200.Name,
                (isNow, isBatch) => Releases(isNow, isBatch)),
        };
        var figures = new List<ClaimFigure>();
        int batchFaster = 0, interactiveFaster = 0;
        foreach (var (name, then, now, worth) in levers)
        {
            var shrank = new List<ClaimFigure>();
            foreach (var isBatch in new[] { true, false })
            {
                var kind = isBatch ? "batch" : "interactive";
                var (first, last) = (
                    Row($"{kind} cost, {name}, {then}", worth(false, isBatch)),
                    Row($"{kind} cost, {name}, {now}", worth(true, isBatch)));
                figures.AddRange([first, last]);
                shrank.Add(first with
                {
                    Value = first.Value / last.Value, Low = first.Low / last.High,
                    High = first.High / last.Low,
                });
            }
            batchFaster += shrank[0].Low > shrank[1].High ? 1 : 0;
            interactiveFaster += shrank[1].Low > shrank[0].High ? 1 : 0;
        }
        return new ClaimRow(
            15, "Advantages in batch serving are commoditised faster than interactive ones", "the thesis",
            figures,
            batchFaster == levers.Length ? "holds" : interactiveFaster == levers.Length ? "does not hold"
                : "not settled",
            Shrank(levers.Length, batchFaster, interactiveFaster));

        Worth Formats(bool isNow, bool isBatch) => new(
            Of(s.Large, isNow ? s.B200 : s.H100, isBatch, NumberFormat.Bf16),
            Of(s.Large, isNow ? s.B200 : s.H100, isBatch, NumberFormat.Fp8));

        Worth Sizes(bool isNow, bool isBatch) => new(
            Of(s.Large, isNow ? s.B200 : s.A100, isBatch, null),
            Of(s.Small, isNow ? s.B200 : s.A100, isBatch, null));

        Worth Releases(bool isNow, bool isBatch) => new(
            Of(s.Large, isNow ? s.B200 : s.H100, isBatch, null, "0.10.0"),
            Of(s.Large, isNow ? s.B200 : s.H100, isBatch, null));

        ClaimCost Of(
            ModelSpec model, AcceleratorSpec card, bool isBatch, NumberFormat? weights,
            string? version = null) => isBatch
            ? s.Costs.Batch(model, card, 1, weights, version)
            : s.Costs.Of(model, card, 1, weights: weights, version: version);
    }

    /// <summary>How the worths shrank, said of those of which it is known.</summary>
    internal static string Shrank(int levers, int batchFaster, int interactiveFaster)
    {
        const string Unknown = "the intervals overlap, or a promise cannot be kept on one side";
        var left = levers - batchFaster - interactiveFaster;
        return left == levers
            ? $"of none of the {levers} levers is it known where its worth shrank faster: {Unknown}"
            : $"of the {levers} levers {batchFaster} lost worth faster in batch, {interactiveFaster} under "
                + $"the promise{(left > 0 ? $"; of the other {left} {Unknown}" : "")}";
    }

    static ClaimFigure Row(string name, Worth worth) => Ratio(name, worth.Without, worth.With);

    readonly record struct Worth(ClaimCost Without, ClaimCost With);
}
