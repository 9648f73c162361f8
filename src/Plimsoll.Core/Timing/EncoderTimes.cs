using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// The encoder that turns images into prompt tokens: products over all patches of a step, attention within
/// each tile, the projector over the tokens that come out. It runs in BF16 whatever the model's format, split
/// over the tensor ranks.
/// <code>
///   FLOPs = Σ sequences 2·N·L·(4h² + m·h·f) + 4·N²·h·L_full + 4·N·W·h·(L − L_full) + 2·projector·tokens
/// </code>
/// </summary>
sealed class EncoderTimes
{
    const int PatchOctaves = 18;

    /// <summary>
    /// Share of peak of attention and projector: dense, long, without a mask; BERT under FasterTransformer
    /// reaches 36 to 49 % of peak over all its kernels.
    /// </summary>
    const double ComputeEfficiency = 0.5;

    readonly VisionSpec _vision;
    readonly double _flopsPerNs;
    readonly int _ranks;
    readonly LogTable _products = new(PatchOctaves);

    public EncoderTimes(Deployment deployment, EfficiencyCurves curves, double scale, List<string> notes)
    {
        _vision = deployment.Model.Vision!;
        _ranks = deployment.TensorParallel;
        _flopsPerNs = ComputeEfficiency * curves.Peak.FlopsPerNs(NumberFormat.Bf16) / scale;
        var curve = CurveChoice.Gemm(curves, NumberFormat.Bf16, blockScaled: false, notes);
        for (var knot = 0; knot < _products.Knots; knot++)
        {
            _products[knot] = scale * _vision.Layers * LayerNs(curve, curves.Peak, LogTable.ArgumentAt(knot));
        }
        _products.Monotone();
        CurveChoice.Note(notes, "vision encoder: products as measured, attention at half of peak");
    }

    /// <summary>Everything that the images of a step cost; 0 for none.</summary>
    public double Ns(in StepShape shape)
    {
        if (shape.EncoderPatches == 0)
        {
            return 0;
        }
        double hidden = _vision.Hidden;
        var windows = (double)(_vision.Layers - _vision.FullLayers) * _vision.WindowPatches;
        var attention = 4 * hidden * ((_vision.FullLayers * (double)shape.EncoderPairs)
            + (windows * shape.EncoderPatches));
        var projector = 2.0 * _vision.ProjectorParameters * shape.EncoderTokens;
        return _products.At(shape.EncoderPatches) + ((attention + projector) / _ranks / _flopsPerNs);
    }

    double LayerNs(GemmCurve curve, RooflineSpec peak, double patches)
    {
        double hidden = _vision.Hidden, wide = (double)_vision.Intermediate / _ranks;
        var up = _vision.Gated ? 2 : 1;
        return curve.Ns(peak, patches, 3 * hidden / _ranks, hidden)
            + curve.Ns(peak, patches, hidden, hidden / _ranks)
            + curve.Ns(peak, patches, up * wide, hidden)
            + curve.Ns(peak, patches, hidden, wide);
    }
}
