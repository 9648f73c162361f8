using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;

namespace Plimsoll.Distiller;

/// <summary>
/// One attention measurement: decode when <c>Chunk</c> is 1, else a batch of whole prompts.
/// </summary>
readonly record struct AttentionRow(
    int Batch, int Length, int Heads, int KvHeads, int HeadDim, NumberFormat Kv, double Ns);

/// <summary>
/// Decode attention as ratio grids, prefill attention as four coefficients per head layout.
/// </summary>
static class AttentionDistiller
{
    static readonly int[] BatchKnots = [1, 4, 16, 64, 128, 256, 1024];
    static readonly int[] ContextKnots = [16, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 65536];
    static readonly int[] Groups = [1, 4, 8, 16];

    /// <summary>More KV heads behave as more sequences: the ratio follows their product.</summary>
    const int LargestKvHeads = 8;

    /// <summary>
    /// Working sets below this many caches may have been warm when measured; inside an engine the other
    /// layers' KV has evicted them.
    /// </summary>
    const double WarmCaches = 2.5;

    public static List<AttentionRow> Read(KernelTable table, bool decode)
    {
        var rows = new List<AttentionRow>();
        for (var row = 0; row < table.Count; row++)
        {
            var kv = table.Text(row, "kv_cache_dtype") == "fp8" ? NumberFormat.Fp8 : NumberFormat.Bf16;
            var fp8Compute = table.Text(row, "attn_dtype") == "fp8";
            if (table.Int(row, "window_size") > 0 || table.Int(row, "beam_width") > 1
                || (fp8Compute && kv != NumberFormat.Fp8))
            {
                continue;
            }
            rows.Add(new AttentionRow(
                table.Int(row, "batch_size"),
                decode ? table.Int(row, "step") + 1 : table.Int(row, "isl"),
                table.Int(row, "num_heads"),
                Math.Max(1, table.Int(row, "num_key_value_heads")),
                table.Int(row, "head_dim"),
                kv,
                table.Ns(row)));
        }
        return rows;
    }

    public static DecodeAttentionCurve[] Decode(List<AttentionRow> rows, Card card)
    {
        var curves = new List<DecodeAttentionCurve>();
        foreach (var layout in rows.GroupBy(r => (r.HeadDim, r.Kv, r.KvHeads, r.Heads / r.KvHeads))
            .OrderBy(g => g.Key))
        {
            var (headDim, kv, kvHeads, group) = layout.Key;
            if (Groups.Contains(group) && kvHeads <= LargestKvHeads && layout.First().Heads % kvHeads == 0
                && layout.Count() > 40)
            {
                var cells = layout.GroupBy(r => (r.Batch, r.Length)).ToDictionary(
                    g => g.Key, g => g.Min(r => r.Ns));
                curves.Add(DecodeCurve(cells, card, headDim, kv, kvHeads, group));
            }
        }
        return [.. curves];
    }

    /// <summary>
    /// Cold time of a cell: as measured when its KV outgrows the cache, otherwise at least the shortest
    /// kernel plus its bytes at the bandwidth that the better large cells reach.
    /// </summary>
    public static Dictionary<(int Batch, int Length), double> Cold(
        Dictionary<(int Batch, int Length), double> cells, Card card, int headDim, NumberFormat kv,
        int kvHeads)
    {
        double Bytes(int batch, int length) =>
            DecodeAttentionCurve.KvBytes(batch, length, 2.0 * kvHeads * headDim, kv);
        var warm = WarmCaches * 1e6 * card.CacheMegabytes;
        var large = cells.Where(c => Bytes(c.Key.Batch, c.Key.Length) > warm)
            .Select(c => c.Value / Bytes(c.Key.Batch, c.Key.Length)).Order().ToList();
        var nsPerByte = large.Count > 0 ? large[large.Count / 4] : 1 / (0.8 * card.Peak.BytesPerNs);
        var launch = cells.Values.Min();
        var cold = new Dictionary<(int, int), double>();
        foreach (var ((batch, length), ns) in cells)
        {
            var bytes = Bytes(batch, length);
            cold[(batch, length)] = bytes > warm || length <= 16
                ? ns
                : Math.Max(ns, launch + (bytes * nsPerByte));
        }
        return cold;
    }

    /// <summary>
    /// Whether a prompt kernel beat the chip's peak: some tables hold grouped heads timed as if only the KV
    /// heads had been computed. Such rows say nothing.
    /// </summary>
    public static bool BeatsPeak(AttentionRow row, RooflineSpec peak) =>
        row.Ns < 2.0 * row.Batch * row.Heads * row.HeadDim * row.Length * (row.Length + 1.0)
            / peak.FlopsPerNs(row.Kv);

    /// <summary>Coefficients of every head layout, by least squares on the logarithm.</summary>
    public static PrefillAttentionCurve[] Prefill(List<AttentionRow> rows, int decodeRows)
    {
        var curves = new List<PrefillAttentionCurve>();
        foreach (var layout in rows.GroupBy(r => (r.HeadDim, r.Kv, r.Heads, r.KvHeads)).OrderBy(g => g.Key))
        {
            var (headDim, kv, heads, kvHeads) = layout.Key;
            var kept = heads is 1 or 2 or 4 or 8 or 16 or 32 or 64 or 128
                && (kvHeads <= 8 || kvHeads == heads);
            if (kept && layout.Count() > 40)
            {
                var samples = layout.Select(r => new PrefillSample(
                    (double)r.Batch * r.Length, r.Batch * (r.Length * (r.Length + 1.0) / 2), r.Length, r.Ns));
                var fit = PrefillFit.Fit([.. samples], heads);
                curves.Add(fit with
                {
                    HeadDim = headDim, Kv = kv, Heads = heads, KvHeads = kvHeads, DecodeRows = decodeRows,
                });
            }
        }
        return [.. curves];
    }

    public static Residuals CheckDecode(List<AttentionRow> rows, Card card, DecodeAttentionCurve[] curves)
    {
        var residuals = new Residuals();
        foreach (var row in rows)
        {
            var bytes = DecodeAttentionCurve.KvBytes(
                row.Batch, row.Length, 2.0 * row.KvHeads * row.HeadDim, row.Kv);
            var knot = BatchKnots.Contains(row.Batch) && ContextKnots.Contains(row.Length);
            if (knot || bytes < WarmCaches * 1e6 * card.CacheMegabytes || row.Heads % row.KvHeads != 0)
            {
                continue;
            }
            var curve = curves.Where(c => c.Kv == row.Kv)
                .MinBy(c => c.Distance(row.HeadDim, row.KvHeads, (double)row.Heads / row.KvHeads));
            if (curve is not null && curve.HeadDim == row.HeadDim)
            {
                residuals.Add(
                    curve.Ratio(row.Batch * (double)row.KvHeads / curve.KvHeads, row.Length)
                        * DecodeAttentionCurve.ReferenceNs(card.Peak, bytes),
                    row.Ns);
            }
        }
        return residuals;
    }

    public static Residuals CheckPrefill(List<AttentionRow> rows, PrefillAttentionCurve[] curves)
    {
        var residuals = new Residuals();
        foreach (var row in rows)
        {
            var curve = curves.Where(c => c.Kv == row.Kv)
                .MinBy(c => c.Distance(row.HeadDim, row.Heads, row.KvHeads));
            if (curve is not null && row.Ns > 20_000
                && (curve.Heads, curve.KvHeads) != (row.Heads, row.KvHeads))
            {
                residuals.Add(
                    curve.Ns(
                        row.Heads,
                        (double)row.Batch * row.Length,
                        row.Batch * (row.Length * (row.Length + 1.0) / 2) * row.HeadDim / curve.HeadDim,
                        row.Length),
                    row.Ns);
            }
        }
        return residuals;
    }

    static DecodeAttentionCurve DecodeCurve(
        Dictionary<(int Batch, int Length), double> cells, Card card, int headDim, NumberFormat kv,
        int kvHeads, int group)
    {
        double Reference(int batch, int length) => DecodeAttentionCurve.ReferenceNs(
            card.Peak, DecodeAttentionCurve.KvBytes(batch, length, 2.0 * kvHeads * headDim, kv));
        var cold = Cold(cells, card, headDim, kv, kvHeads);
        var measured = cold.Keys.Select(c => c.Batch).Distinct().ToHashSet();
        var batches = BatchKnots.Where(measured.Contains).ToArray();
        var lengths = ContextKnots.Where(l => cold.Keys.Any(c => c.Length == l)).ToArray();
        var values = new int[batches.Length * lengths.Length];
        var asymptote = cold.OrderByDescending(c => (double)c.Key.Batch * c.Key.Length).Take(8)
            .Select(c => c.Value / Reference(c.Key.Batch, c.Key.Length)).Order()
            .ElementAt(Math.Min(4, cold.Count - 1));
        for (var b = 0; b < batches.Length; b++)
        {
            for (var l = 0; l < lengths.Length; l++)
            {
                var ratio = cold.TryGetValue((batches[b], lengths[l]), out var ns)
                    ? ns / Reference(batches[b], lengths[l])
                    : asymptote;
                values[(b * lengths.Length) + l] = (int)Math.Round(1000 * ratio);
            }
        }
        return new DecodeAttentionCurve
        {
            HeadDim = headDim,
            Kv = kv,
            KvHeads = kvHeads,
            Group = group,
            Batch = batches,
            Context = lengths,
            RatioMille = values,
        };
    }
}
