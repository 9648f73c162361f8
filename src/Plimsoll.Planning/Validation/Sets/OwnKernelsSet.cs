using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation.Sets;

/// <summary>
/// Products and attention measured by hand on one H200, beside what the tier's tables say of vLLM's kernels
/// there. cuBLAS, flash and cuDNN kernels are not an engine's own; nothing is fitted to them.
/// </summary>
public sealed class OwnKernelsSet : IValidationSet
{
    const string Accelerator = "h200_sxm";

    public string Name => "own-kernels";

    public string Source => "measured/h200-own-2026-11/kernels.csv";

    public SetReport Run(string folder, Action<double> progress)
    {
        var curves = StepTimeCatalogue.For(Catalogue.BuiltIn.FindAccelerator(Accelerator), "vllm");
        var dropped = new DropTally();
        var points = CsvTable.ReadUsable(
            Path.Combine(folder, Source), row => Point(row, curves, dropped)).ToList();
        progress(1);
        return new SetReport
        {
            Name = Name,
            Title = "Kernels of our own on one H200 beside the tables of vLLM's",
            Source = Source,
            Fitted = "nothing",
            HeldOut = "every kernel",
            Assumed =
            [
                "cuBLAS, FlashAttention and cuDNN through PyTorch 2.11, in CUDA graphs: no engine's own; FP8 "
                + "without the scaling of activations that an engine's products include",
                "the better of two attention kernels counts",
            ],
            Dropped = dropped,
            Points = Better(points),
            Rows = SetReport.Summarise(Better(points), []),
        };
    }

    /// <summary>An engine would choose the faster of two kernels for the same work.</summary>
    static IReadOnlyList<ValidationPoint> Better(IReadOnlyList<ValidationPoint> points) =>
        [.. points.GroupBy(p => (p.Split, p.Name)).Select(g => g.MinBy(p => p.Measured)!)];

    static ValidationPoint? Point(CsvTable row, EfficiencyCurves curves, DropTally dropped)
    {
        var kind = row.Text("kind");
        var measuredNs = 1000 * row.Number("median_us");
        if (kind == "gemm" && NumberFormats.TryParse(row.Text("dtype"), out var format))
        {
            var (m, n, k) = (row.Whole("m"), row.Whole("n"), row.Whole("k"));
            var curve = curves.Gemm.First(c => c.Weights == format && !c.BlockScaled);
            return Kernel($"products, {row.Text("dtype")}, {Rows(m)}", $"{m} × {n} × {k}", measuredNs,
                curve.Ns(curves.Peak, m, n, k));
        }
        if (kind.StartsWith("decode_attention", StringComparison.Ordinal))
            return Kernel("decode attention", Layout(row), measuredNs, DecodeNs(row, curves));
        if (kind.StartsWith("prefill_attention", StringComparison.Ordinal))
            return Kernel("prefill attention", Layout(row), measuredNs, PrefillNs(row, curves));
        dropped.Add($"no kernel of a layer: {kind}");
        return null;
    }

    static ValidationPoint Kernel(string split, string name, double measuredNs, double predictedNs) =>
        new(split, "kernel µs", Accelerator, name, measuredNs / 1000, predictedNs / 1000);

    static string Rows(int m) => m <= 512 ? "1 to 512 rows" : "over 512 rows";

    static string Layout(CsvTable row) => $"{row.Text("batch")} × {row.Text("context")}, "
        + $"{row.Text("q_heads")} over {row.Text("kv_heads")} heads of {row.Text("head_dim")}";

    static double DecodeNs(CsvTable row, EfficiencyCurves curves)
    {
        int heads = row.Whole("q_heads"), kvHeads = row.Whole("kv_heads"), size = row.Whole("head_dim");
        int batch = row.Whole("batch"), context = row.Whole("context");
        var curve = curves.DecodeAttention.Where(c => c.Kv == NumberFormat.Bf16)
            .MinBy(c => c.Distance(size, kvHeads, (double)heads / kvHeads))!;
        var bytes = DecodeAttentionCurve.KvBytes(batch, context, 2.0 * kvHeads * size, NumberFormat.Bf16);
        return curve.Ratio(batch * (double)kvHeads / curve.KvHeads, context)
            * DecodeAttentionCurve.ReferenceNs(curves.Peak, bytes);
    }

    static double PrefillNs(CsvTable row, EfficiencyCurves curves)
    {
        int heads = row.Whole("q_heads"), kvHeads = row.Whole("kv_heads"), size = row.Whole("head_dim");
        int batch = row.Whole("batch"), context = row.Whole("context");
        var curve = curves.PrefillAttention.Where(c => c.Kv == NumberFormat.Bf16)
            .MinBy(c => c.Distance(size, heads, kvHeads))!;
        return curve.Ns(heads, (double)batch * context, batch * (context * (context + 1.0) / 2), context);
    }
}
