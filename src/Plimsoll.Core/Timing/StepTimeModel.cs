using System;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Core.Timing;

/// <summary>How long one engine step of one deployment takes.</summary>
public sealed class StepTimeModel
{
    public StepTimeModel(Deployment deployment)
    {
        Deployment = deployment;
    }

    public Deployment Deployment { get; }

    public Tier Tier => Tier.Datasheet;

    /// <summary>Time a request spends outside steps before its first token, nanoseconds.</summary>
    public long RequestOverheadNs => 0;

    /// <summary>
    /// Duration of the step, nanoseconds. For a step without prompt chunks it depends on
    /// <see cref="StepShape.Decodes"/> and on the mean context in whole 16-token pages only:
    /// <c>DecodeContextTokens / (16 · Decodes)</c>, rounded down. The simulation leaps over such steps
    /// page by page.
    /// </summary>
    public long PredictNs(in StepShape shape)
    {
        var d = Deployment;
        var bytes = d.Model.ActiveParameters * 2.0 / d.TensorParallel;
        if (shape.PrefillChunks == 0)
        {
            var pages = shape.DecodeContextTokens / (16L * shape.Decodes);
            bytes += pages * 16.0 * shape.Decodes * d.Model.KvBytesPerToken(d.Kv) / d.TensorParallel;
        }
        var flops = 2.0 * d.Model.ActiveParameters * shape.Tokens / d.TensorParallel;
        return (long)(1e9 * Math.Max(
            bytes / (d.Accelerator.MemoryGbPerSecond * 1e9 * 0.8),
            flops / (d.Accelerator.PeakFlops(d.Weights) * 0.6))) + 100_000;
    }
}
