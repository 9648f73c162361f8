using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Costing;

/// <summary>
/// Splits one step's time over input, cached input and output. What the step costs whatever it carries is
/// shared equally by its sequences (its Shapley value); the rest goes to whose compute, bytes and KV it is.
/// Cached input pays for being read by the new tokens that follow it, and for nothing else.
/// </summary>
public static class StepCauses
{
    public static TimeByCause Of(StepTimeModel model, in StepShape shape, ReadOnlySpan<PrefillChunk> chunks)
    {
        var split = model.Split(shape);
        var sequences = shape.PrefillChunks + shape.Decodes;
        var fixedOfInput = split.FixedNs * shape.PrefillChunks / sequences;
        long pastPairs = 0, cachedPairs = 0;
        foreach (ref readonly var chunk in chunks)
        {
            pastPairs += (long)chunk.Tokens * chunk.Start;
            cachedPairs += (long)chunk.Tokens * Math.Min(chunk.Start, chunk.CachedTokens);
        }
        var cached = pastPairs == 0
            ? 0
            : (long)((double)split.PrefillCachedContextNs * cachedPairs / pastPairs);
        var input = fixedOfInput + split.PrefillTokensNs + split.PrefillNewContextNs
            + split.PrefillCachedContextNs - cached;
        return new TimeByCause(input, cached, split.TotalNs - input - cached);
    }
}
