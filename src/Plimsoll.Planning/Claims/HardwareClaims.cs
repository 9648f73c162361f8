using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using static Plimsoll.Planning.Claims.ClaimsSetting;

namespace Plimsoll.Planning.Claims;

/// <summary>Claims about cards, engines and prices.</summary>
static class HardwareClaims
{
    const string Batch = "where costs fell";
    const string MlPerf =
        "MLPerf Inference v4.1 to v6.0, Llama-2-70B and DeepSeek-R1 on one card across rounds";

    public static IEnumerable<ClaimRow> Of(ClaimsSetting s)
    {
        yield return ComputePerDollar(s);
        yield return Software(s);
        yield return Tenth(s);
        yield return Blackwell(s);
        yield return PricesOnlyFall(s);
    }

    static ClaimRow ComputePerDollar(ClaimsSetting s)
    {
        var (h100, b200) = (s.H100, s.B200);
        var rent = Price(b200, s.Date) / Price(h100, s.Date);
        var best = b200.PeakFlops(NumberFormat.Fp4) / h100.PeakFlops(NumberFormat.Fp8);
        var equal = b200.PeakFlops(NumberFormat.Fp8) / h100.PeakFlops(NumberFormat.Fp8);
        var bandwidth = b200.MemoryGbPerSecond / h100.MemoryGbPerSecond;
        return new ClaimRow(
            1, "Compute per hardware dollar rose three to four times from H100 to Blackwell", Batch,
            [
                Fact("rent of B200 over H100", rent, "×", $"data/prices.csv, {s.Date ?? "latest"}"),
                Fact("FLOP/s per rented dollar, FP4 against FP8", best / rent, "×", Sources(h100, b200)),
                Fact("FLOP/s per rented dollar, FP8 against FP8", equal / rent, "×", Sources(h100, b200)),
                Fact("bandwidth per rented dollar", bandwidth / rent, "×", Sources(h100, b200)),
                Measured("per owned dollar, FP4 against FP8", 3.0, 3.3, "×",
                    "ownership cost 1.38 to 1.50 × H100 (SemiAnalysis, 2026-04)"),
            ],
            best / rent >= 3 ? "holds" : "holds if",
            best / rent >= 3 ? "counted in the narrowest format of each"
                : "FP4 is counted against FP8 on owned hardware; rented, or at one precision, it is less");
    }

    static ClaimRow Software(ClaimsSetting s)
    {
        var old = s.Costs.Batch(s.Large, s.H100, 1, version: "0.13.0");
        var now = s.Costs.Batch(s.Large, s.H100, 1);
        return new ClaimRow(
            2, "Software added half as much again to twice, on top of hardware", Batch,
            [
                Ratio("batch cost, vLLM 0.13 over the newest, host and scheduler alone", old, now),
                Measured("mature 70B, one card, one year", 1.1, 1.3, "×", MlPerf),
                Measured("new mixtures of experts, half a year", 1.6, 2.8, "×", MlPerf),
                Measured("against naive serving before mid-2023", 14, 24, "×",
                    "vLLM's release note, 2023-06-20: over Hugging Face transformers"),
            ],
            "holds if", "the model is new or the baseline old; a mature dense one gained a tenth to a third");
    }

    static ClaimRow Tenth(ClaimsSetting s)
    {
        const double Then = 1.5, AtHyperscaler = 5.12;
        const double NaiveLow = 14, NaiveHigh = 24;
        var before = s.Costs.Batch(s.Large, s.A100, Then);
        var now = s.Costs.Batch(s.Large, s.Card, s.Today);
        var today = s.Costs.Batch(s.Large, s.Card, s.Today, NumberFormat.Fp8);
        var same = Ratio("today's engine on A100 at $1.50 (February 2023) over today", before, now);
        var naive = new ClaimFigure(
            "naive serving of early 2023 over today", null, same.Value * NaiveLow, same.Value * NaiveHigh,
                "×",
            "computed", "the row above times 14 to 24, vLLM's release note of 2023-06-20");
        return new ClaimRow(
            3, "Batch tokens of a capable open model cost a tenth of early 2023", Batch,
            [
                Cost($"{s.Large.Name}, batch, {s.Card.Name}", now),
                Cost($"{s.Large.Name}, batch, {s.Card.Name}, FP8", today), same,
                Made("the same at a hyperscaler's $5.12", same.Value * AtHyperscaler / Then, "×",
                    "data/prices.csv, 2023-02-01"),
                naive,
            ],
            same.Value >= 10 ? "holds" : naive.Low >= 10 ? "holds if" : "does not hold",
            same.Value >= 10 ? "hardware and its price alone give it"
                : "the baseline is naive serving; against the same engine on that card it is less");
    }

    static ClaimRow Blackwell(ClaimsSetting s)
    {
        var (h100, b200) = (s.H100, s.B200);
        var gain = Ratio("batch throughput per card at FP8, B200 over H100",
            s.Costs.Batch(s.Large, h100, 1, NumberFormat.Fp8),
                s.Costs.Batch(s.Large, b200, 1, NumberFormat.Fp8));
        var interactive = Ratio("the same under the promise",
            s.Costs.Of(s.Large, h100, 1, weights: NumberFormat.Fp8),
            s.Costs.Of(s.Large, b200, 1, weights: NumberFormat.Fp8));
        var compute = b200.PeakFlops(NumberFormat.Fp8) / h100.PeakFlops(NumberFormat.Fp8);
        var bandwidth = b200.MemoryGbPerSecond / h100.MemoryGbPerSecond;
        var rent = Price(b200, s.Date) / Price(h100, s.Date);
        return new ClaimRow(
            8, "Blackwell realises its theoretical gain unless bandwidth holds it back", "what to watch",
            [
                gain, interactive, Fact("FLOP/s", compute, "×", Sources(h100, b200)),
                Fact("bandwidth", bandwidth, "×", Sources(h100, b200)),
                Fact("memory", b200.MemoryGb / h100.MemoryGb, "×", Sources(h100, b200)),
                Made("gain per rented dollar", gain.Value / rent, "×",
                    $"data/prices.csv, {s.Date ?? "latest"}"),
                Measured("14 pairs at equal precision, at peak and at ITL ≤ 40 ms", 2.13, 2.66, "×",
                    "ML.ENERGY leaderboard, H100 and B200"),
            ],
            gain.Value >= 0.9 * compute ? "holds" : "holds if",
            FormattableString.Invariant(
                $"gained {gain.Value:0.0} of {compute:0.0} in FLOP/s and {bandwidth:0.0} ")
                + FormattableString.Invariant($"in bandwidth; rent rose {rent:0.0} times"));
    }

    static ClaimRow PricesOnlyFall(ClaimsSetting s)
    {
        var rows = Catalogue.BuiltIn.Prices.Where(p => p.Accelerator == s.H100.Key && p.AsOf is not null
            && p.Term.Contains("1y", StringComparison.Ordinal)
            && (s.Date is null || string.CompareOrdinal(p.AsOf, s.Date) <= 0)).OrderBy(p => p.AsOf,
                StringComparer.Ordinal).ToList();
        var figures = rows.Select(p => Fact($"H100, one year's contract, {p.AsOf}", (double)p.UsdPerHour,
            "USD/h", p.Source)).ToList();
        var rose = rows.Zip(rows.Skip(1)).Any(pair => pair.Second.UsdPerHour > pair.First.UsdPerHour);
        return new ClaimRow(
            16, "Prices of accelerators only fall", "a reader's, not the essay's", figures,
            figures.Count < 2 ? "not settled" : rose ? "does not hold" : "holds",
            rose ? "one-year contracts of one card rose from October 2025 to March 2026"
                : figures.Count < 2 ? "the catalogue has no two rows of one contract by then"
                : "no row of the series rises");
    }
}
