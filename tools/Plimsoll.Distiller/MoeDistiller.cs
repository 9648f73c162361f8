using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>Routed experts: one ratio curve over tokens per measured layer.</summary>
static class MoeDistiller
{
    static readonly int[] TokenKnots = [1, 8, 32, 128, 256, 512, 1024, 2048, 4096, 16384];

    /// <summary>The mildly skewed routing of the tables: between balanced and their heavier tail.</summary>
    const string Routing = "power_law_1.01";

    /// <summary>
    /// Layers with more choices per token belong to one family whose experts are not gated.
    /// </summary>
    public const int MostChoices = 16;

    /// <summary>Many experts are not spread thinner than this; the nearest layer stands in.</summary>
    const int FewestPerRank = 8;

    /// <summary>
    /// 4-bit integers are left out: vLLM's table says 950 µs for a layer of Kimi-K2 at 64 tokens on H200
    /// where the engine needs under 400 (InferenceMAX).
    /// </summary>
    static readonly Dictionary<string, (NumberFormat Format, int Rank)> Formats = new()
    {
        ["bfloat16"] = (NumberFormat.Bf16, 0),
        ["fp8_block"] = (NumberFormat.Fp8, 0),
        ["fp8"] = (NumberFormat.Fp8, 1),
        ["nvfp4"] = (NumberFormat.Fp4, 0),
        ["w4a16_mxfp4"] = (NumberFormat.Fp4, 1),
        ["w4a8_mxfp4_mxfp8"] = (NumberFormat.Fp4, 2),
    };

    /// <summary>Ratio over the median of its like from which on a curve is another kernel's.</summary>
    const double FarAbove = 2.5;

    const int FewestLike = 5;

    public static MoeCurve[] Distill(KernelTable table, RooflineSpec peak)
    {
        var curves = new List<MoeCurve>();
        foreach (var layer in Layers(table).OrderBy(l => l.Key.ToString(), StringComparer.Ordinal))
        {
            var cells = layer.Value;
            var tokens = TokenKnots.Where(cells.ContainsKey).ToArray();
            if (tokens.Length < 8)
            {
                continue;
            }
            var shape = layer.Key;
            curves.Add(new MoeCurve
            {
                Weights = shape.Weights,
                Hidden = shape.Hidden,
                Intermediate = shape.Intermediate,
                TopK = shape.TopK,
                Experts = shape.Experts,
                ExpertRanks = shape.ExpertRanks,
                Tokens = tokens,
                RatioMille = [.. tokens.Select(t =>
                    (int)Math.Round(1000 * cells[t] / MoeCurve.ReferenceNs(peak, shape, t)))],
            });
        }
        return [.. curves.Where(curve => !IsFarAboveItsLike(curve, curves))];
    }

    /// <summary>
    /// A 4-bit layer that no native kernel takes runs through one that widens its weights first, and stands
    /// far above the roofline at which the other 4-bit layers run: at most of its token counts more than <see
    /// cref="FarAbove"/> times their median. Engines do not serve it so; the nearest layer stands in for it.
    /// </summary>
    static bool IsFarAboveItsLike(MoeCurve curve, List<MoeCurve> curves)
    {
        var like = curves.Where(c => c.Weights == curve.Weights && c.ExpertRanks == curve.ExpertRanks)
            .ToList();
        if (curve.Weights != NumberFormat.Fp4 || like.Count < FewestLike)
        {
            return false;
        }
        var far = 0;
        for (var i = 0; i < curve.Tokens.Length; i++)
        {
            var tokens = curve.Tokens[i];
            var ratios = like.Select(c => c.Ratio(tokens)).Order().ToList();
            far += curve.RatioMille[i] > 1000 * FarAbove * ratios[ratios.Count / 2] ? 1 : 0;
        }
        if (2 * far <= curve.Tokens.Length)
        {
            return false;
        }
        Console.Error.WriteLine($"  rejected, far above its like: {curve.Weights} experts {curve.Hidden} × "
            + $"{curve.Intermediate}, {curve.TopK} of {curve.Experts}, {curve.ExpertRanks} ranks");
        return true;
    }

    /// <summary>Each measured layer predicted by its nearest other layer, all token counts.</summary>
    public static Residuals Check(KernelTable table, RooflineSpec peak, MoeCurve[] curves)
    {
        var residuals = new Residuals();
        foreach (var (shape, cells) in Layers(table))
        {
            var nearest = curves
                .Where(c => c.Weights == shape.Weights && c.Distance(shape) > 0)
                .MinBy(c => c.Distance(shape));
            if (nearest is null)
            {
                continue;
            }
            foreach (var (tokens, ns) in cells)
            {
                residuals.Add(nearest.Ratio(tokens) * MoeCurve.ReferenceNs(peak, shape, tokens), ns);
            }
        }
        return residuals;
    }

    static Dictionary<MoeShape, Dictionary<int, double>> Layers(KernelTable table)
    {
        var layers = new Dictionary<MoeShape, Dictionary<int, double>>();
        var ranks = new Dictionary<MoeShape, int>();
        for (var row = 0; row < table.Count; row++)
        {
            var slices = table.Int(row, "moe_tp_size");
            var expertRanks = table.Int(row, "moe_ep_size");
            var inter = table.Int(row, "inter_size");
            var experts = table.Int(row, "num_experts");
            var thin = experts >= 64 && experts < FewestPerRank * expertRanks;
            if (table.Text(row, "distribution") != Routing || slices > 8 || expertRanks > 32 || thin
                || (slices > 1 && expertRanks > 1) || table.Int(row, "topk") > MostChoices
                || inter % slices != 0
                || table.Text(row, "kernel_source").Contains("nongated", StringComparison.Ordinal)
                || !Formats.TryGetValue(table.Text(row, "moe_dtype"), out var format))
            {
                continue;
            }
            var shape = new MoeShape(
                table.Int(row, "hidden_size"), inter / slices, table.Int(row, "topk"), experts, expertRanks,
                true, format.Format);
            // One kernel per shape: the first of the formats that share a name here.
            if (!ranks.TryGetValue(shape, out var rank) || format.Rank < rank)
            {
                ranks[shape] = format.Rank;
                layers[shape] = [];
            }
            if (ranks[shape] == format.Rank)
            {
                var cells = layers[shape];
                var tokens = table.Int(row, "num_tokens");
                cells[tokens] = cells.TryGetValue(tokens, out var other)
                    ? Math.Min(other, table.Ns(row))
                    : table.Ns(row);
            }
        }
        return layers;
    }
}
