using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// What a decode step costs beyond its share of the fullest batch that still keeps the gap promised between
/// tokens: n sequences in a step of T(n) would have cost n·T(N)/N in a batch of N.
/// </summary>
/// <param name="stepTime">How long steps take.</param>
/// <param name="limits">Sequences and blocks that the engine has.</param>
/// <param name="itlNs">The strictest promised gap; null where none is promised and
/// nothing is headroom.</param>
public sealed class HeadroomModel(StepTimeModel stepTime, SchedulerOptions limits, long? itlNs)
{
    public StepTimeModel StepTime => stepTime;

    /// <summary>Time of a step that works on one sequence alone.</summary>
    public long LoneTokenNs => Predict(1, Math.Min(8192, (long)limits.NumBlocks * limits.BlockSize));

    /// <summary>Share of the step that is headroom, 0 to 1; 0 for steps with prompts in them.</summary>
    public double Of(in StepShape shape, long durationNs)
    {
        if (itlNs is not { } itl || shape.PrefillChunks > 0 || shape.Decodes == 0 || durationNs <= 0)
            return 0;
        var context = Math.Max(1, shape.DecodeContextTokens / shape.Decodes);
        var most = (int)Math.Min(limits.MaxNumSeqs, (long)limits.NumBlocks * limits.BlockSize / context);
        var (low, high) = (shape.Decodes, most);
        while (low < high)
        {
            var middle = low + ((high - low + 1) / 2);
            if (Predict(middle, context) <= itl)
                low = middle;
            else
                high = middle - 1;
        }
        var full = (double)Predict(low, context) / low;
        return Math.Clamp(1 - (shape.Decodes * full / durationNs), 0, 1);
    }

    long Predict(int decodes, long context) => stepTime.PredictNs(new StepShape
    {
        Decodes = decodes,
        DecodeContextTokens = decodes * context,
        LogitRows = decodes,
    });
}
