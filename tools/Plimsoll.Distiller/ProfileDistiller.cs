using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Distiller;

/// <summary>A card that only a profile taken inside vLLM describes: one model, one accelerator.</summary>
static class ProfileDistiller
{
    public static EfficiencyCurves? Distill(Card card, string kernels, TextWriter log)
    {
        var profiles = EngineProfiles.Read(card, kernels);
        if (profiles.Count == 0)
        {
            return null;
        }
        log.WriteLine($"{card.Key} vllm, from its profile");
        var rows = card.FlashAttention2 ? EngineProfiles.FlashAttention2Rows : 0;
        var prefill = EngineProfiles.Replace((PrefillAttentionCurve[])[], profiles, rows);
        EngineProfiles.CheckMixed(prefill, profiles, log);
        var spec = Catalogue.BuiltIn.FindAccelerator(card.Key);
        return new EfficiencyCurves
        {
            Accelerator = card.Key,
            Engine = "vllm",
            EngineVersion = "0.19.0",
            Tier = Tier.Kernels,
            Sources = [EngineProfiles.SourceOf(card), "all-reduce and experts: medians of measured cards "
            + "over the datasheet"],
            Peak = card.Peak,
            CacheMegabytes = card.CacheMegabytes,
            Gemm = [Products(card, profiles, log)],
            DecodeAttention = EngineProfiles.Replace((DecodeAttentionCurve[])[], profiles, card),
            PrefillAttention = prefill,
            // One accelerator was profiled; between several the datasheet's link stands in.
            AllReduce = EfficiencyCurves.Datasheet(spec, "vllm").AllReduce,
            Moe = EfficiencyCurves.Datasheet(spec, "vllm").Moe,
        };
    }

    /// <summary>
    /// Four shapes are too few for a grid over n and k: one ratio over tokens, each shape
    /// counting by its time.
    /// </summary>
    static GemmCurve Products(Card card, List<EngineProfile> profiles, TextWriter log)
    {
        var byTokens = EngineProfiles.Products(profiles).GroupBy(p => p.M).OrderBy(g => g.Key)
            .ToDictionary(g => g.Key, g => g.ToList());
        var knots = GemmDistiller.Tokens.Where(byTokens.ContainsKey).ToArray();
        var curve = new GemmCurve
        {
            Weights = NumberFormat.Bf16,
            M = knots,
            N = [4096],
            K = [4096],
            RatioMille = [.. knots.Select(m => (int)Math.Round(
                1000 * byTokens[m].Sum(p => p.Ns) / byTokens[m].Sum(p =>
                    GemmCurve.ReferenceNs(card.Peak, p.M, p.N, p.K, NumberFormat.Bf16))))],
        };
        var residuals = new Residuals();
        foreach (var (m, n, k, ns) in byTokens.Values.SelectMany(p => p))
        {
            residuals.Add(curve.Ns(card.Peak, m, n, k), ns);
        }
        log.WriteLine($"  gemm in engine     {residuals}");
        return curve;
    }
}
