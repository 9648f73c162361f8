using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>Kernels of one model at one tensor-parallel degree, timed inside vLLM itself.</summary>
/// <param name="Folder">Folder of its tables.</param>
/// <param name="Gemms">Layer name, output width and depth on one accelerator.</param>
sealed record EngineProfile(string Folder, int Heads, int KvHeads, (string Layer, int N, int K)[] Gemms);

/// <summary>
/// Profiles taken inside vLLM 0.19. They supersede the tables where both exist: the engine's own kernels on
/// cold caches, prompts that continue a cached prefix, decodes beside prompts.
/// </summary>
static class EngineProfiles
{
    /// <summary>Tile height of FlashAttention-2 forward kernels at head size 128.</summary>
    public const int FlashAttention2Rows = 64;

    const int HeadDim = 128;

    static readonly Dictionary<string, string> Folders = new()
    {
        ["rtx_pro_6000_server"] = "RTXPRO6000",
        ["rtx_4090"] = "RTX4090",
    };

    static readonly (string Model, int Hidden, int Heads, int KvHeads, int Intermediate)[] Models =
    [
        ("meta-llama/Llama-3.1-8B", 4096, 32, 8, 14_336),
        ("Qwen/Qwen3-32B", 5120, 64, 8, 25_600),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", 2048, 32, 4, 0),
    ];

    public static string SourceOf(Card card) =>
        $"casys-kaist/LLMServingSim (MIT) {Folders[card.Key]} profiles, vLLM 0.19.0";

    public static List<EngineProfile> Read(Card card, string kernels)
    {
        var profiles = new List<EngineProfile>();
        if (!Folders.TryGetValue(card.Key, out var folder))
        {
            return profiles;
        }
        var root = Path.Combine(kernels, "..", "vllm-requests", "profiles", folder);
        foreach (var (model, hidden, heads, kvHeads, intermediate) in Models)
        {
            foreach (var ranks in (int[])[1, 2])
            {
                var tables = Path.Combine(root, model, "bf16", $"tp{ranks}");
                if (!Directory.Exists(tables))
                {
                    continue;
                }
                var (h, k) = (heads / ranks, kvHeads / ranks);
                var gemms = new List<(string, int, int)>
                {
                    ("qkv_proj", (h + (2 * k)) * HeadDim, hidden),
                    ("o_proj", hidden, h * HeadDim),
                };
                if (intermediate > 0)
                {
                    gemms.Add(("gate_up_proj", 2 * intermediate / ranks, hidden));
                    gemms.Add(("down_proj", hidden, intermediate / ranks));
                }
                profiles.Add(new EngineProfile(tables, h, k, [.. gemms]));
            }
        }
        return profiles;
    }

    /// <summary>
    /// Products of the table and of the engine, two measurements of one card: they agree where memory binds;
    /// where compute binds the table, whose long loops run at the clocks of sustained load, is slower than
    /// the profiles of three iterations. The geometric middle is kept, by tokens.
    /// </summary>
    public static GemmCurve[] Middle(
        GemmCurve[] curves, List<EngineProfile> profiles, Card card, TextWriter log)
    {
        var curve = curves.First(c => c.Weights == NumberFormat.Bf16);
        var residuals = new Residuals();
        var byTokens = new SortedDictionary<int, (double Table, double Engine)>();
        foreach (var (m, n, k, ns) in Products(profiles))
        {
            var table = curve.Ns(card.Peak, m, n, k);
            residuals.Add(table, ns);
            var sum = byTokens.GetValueOrDefault(m);
            byTokens[m] = (sum.Table + table, sum.Engine + ns);
        }
        var slower = byTokens.Values.Sum(s => s.Table) / byTokens.Values.Sum(s => s.Engine);
        log.WriteLine($"  gemm in engine     {residuals}  time-weighted {slower - 1:+0.0%;-0.0%;0.0%}");
        var rows = curve.N.Length * curve.K.Length;
        var middle = curve with
        {
            RatioMille = [.. curve.RatioMille.Select((ratio, i) =>
                (int)Math.Round(ratio * Factor(curve.M[i / rows])))],
        };
        return [.. curves.Select(c => c == curve ? middle : c)];

        double Factor(int tokens)
        {
            var nearest = byTokens.MinBy(s => Math.Abs(Math.Log((double)s.Key / tokens))).Value;
            return Math.Sqrt(nearest.Engine / nearest.Table);
        }
    }

    public static DecodeAttentionCurve[] Replace(
        DecodeAttentionCurve[] curves, List<EngineProfile> profiles, Card card)
    {
        var rows = new List<AttentionRow>();
        foreach (var profile in profiles)
        {
            foreach (var (chunk, _, decodes, context, ns) in Attention(profile))
            {
                if (chunk == 0)
                {
                    rows.Add(new AttentionRow(
                        decodes, context, profile.Heads, profile.KvHeads, HeadDim, NumberFormat.Bf16, ns));
                }
            }
        }
        var own = AttentionDistiller.Decode(rows, card);
        return [.. own, .. curves.Where(
            c => !own.Any(o => o.Kv == c.Kv && o.Distance(c.HeadDim, c.KvHeads, c.Group) == 0))];
    }

    public static PrefillAttentionCurve[] Replace(
        PrefillAttentionCurve[] curves, List<EngineProfile> profiles, int decodeRows)
    {
        var own = new List<PrefillAttentionCurve>();
        foreach (var profile in profiles)
        {
            var samples = Attention(profile).Where(r => r.Decodes == 0).Select(r => new PrefillSample(
                r.Chunk, Pairs(r.Chunk, r.Prefix), r.Chunk + r.Prefix, r.Ns)).ToArray();
            own.Add(PrefillFit.Fit(samples, profile.Heads) with
            {
                HeadDim = HeadDim, Heads = profile.Heads, KvHeads = profile.KvHeads, DecodeRows = decodeRows,
            });
        }
        return
        [
            .. own.DistinctBy(o => (o.Heads, o.KvHeads)),
            .. curves.Where(c =>
                !own.Any(o => o.Kv == c.Kv && o.Distance(c.HeadDim, c.Heads, c.KvHeads) == 0)),
        ];
    }

    /// <summary>Steps with prompts and decodes together, which nothing was fitted to.</summary>
    public static void CheckMixed(
        PrefillAttentionCurve[] curves, List<EngineProfile> profiles, TextWriter log)
    {
        var alone = new Residuals();
        var mixed = new Residuals();
        foreach (var profile in profiles)
        {
            var curve = curves.First(c => c.Distance(HeadDim, profile.Heads, profile.KvHeads) == 0);
            foreach (var (chunk, prefix, decodes, context, ns) in Attention(profile))
            {
                if (chunk > 0)
                {
                    var sum = (double)decodes * context;
                    var predicted = curve.Ns(
                        profile.Heads,
                        chunk + (curve.DecodeRows * decodes),
                        Pairs(chunk, prefix) + (curve.DecodeRows * sum),
                        Math.Max(chunk + prefix, context));
                    (decodes == 0 ? alone : mixed).Add(predicted, ns);
                }
            }
        }
        log.WriteLine($"  prefill in engine  {alone}");
        log.WriteLine($"  mixed in engine    {mixed}");
    }

    static double Pairs(double chunk, double prefix) => (chunk * prefix) + (chunk * (chunk + 1) / 2);

    public static List<(int M, int N, int K, double Ns)> Products(List<EngineProfile> profiles)
    {
        var samples = new List<(int, int, int, double)>();
        foreach (var profile in profiles)
        {
            var table = KernelTable.Read(Path.Combine(profile.Folder, "dense.csv"));
            for (var row = 0; row < table.Count; row++)
            {
                foreach (var (layer, n, k) in profile.Gemms)
                {
                    if (table.Text(row, "layer") == layer)
                    {
                        samples.Add((table.Int(row, "tokens"), n, k, 1e3 * table.Double(row, "time_us")));
                    }
                }
            }
        }
        return samples;
    }

    static IEnumerable<(int Chunk, int Prefix, int Decodes, int Context, double Ns)> Attention(
        EngineProfile profile)
    {
        var table = KernelTable.Read(Path.Combine(profile.Folder, "attention.csv"));
        for (var row = 0; row < table.Count; row++)
        {
            yield return (
                table.Int(row, "prefill_chunk"), table.Int(row, "kv_prefill"), table.Int(row, "n_decode"),
                table.Int(row, "kv_decode"), 1e3 * table.Double(row, "time_us"));
        }
    }
}
