namespace Plimsoll.Core.Timing;

/// <summary>
/// One step's time by cause, nanoseconds; the parts sum to the step exactly. <see cref="FixedNs"/> is what
/// the step costs whatever it carries: reading the weights, launches, the host.
/// </summary>
public readonly record struct StepSplit
{
    public long FixedNs { get; init; }

    /// <summary>Compute, bytes and messages of new prompt tokens.</summary>
    public long PrefillTokensNs { get; init; }

    /// <summary>Attention of new prompt tokens to tokens of their own chunk.</summary>
    public long PrefillNewContextNs { get; init; }

    /// <summary>Attention of new prompt tokens to tokens that were in the KV cache before.</summary>
    public long PrefillCachedContextNs { get; init; }

    /// <summary>Compute, bytes, messages and logits of decoded tokens.</summary>
    public long DecodeTokensNs { get; init; }

    /// <summary>Reading the KV of decoding sequences.</summary>
    public long DecodeContextNs { get; init; }

    /// <summary>
    /// The same causes within a step: shrunk together when they exceed it, as where one step yields several
    /// tokens; what is left of it is fixed.
    /// </summary>
    internal StepSplit Within(long stepNs)
    {
        var factor = TotalNs > stepNs ? (double)stepNs / TotalNs : 1;
        var parts = factor == 1 ? this : new StepSplit
        {
            PrefillTokensNs = (long)(PrefillTokensNs * factor),
            PrefillNewContextNs = (long)(PrefillNewContextNs * factor),
            PrefillCachedContextNs = (long)(PrefillCachedContextNs * factor),
            DecodeTokensNs = (long)(DecodeTokensNs * factor),
            DecodeContextNs = (long)(DecodeContextNs * factor),
        };
        return parts with { FixedNs = stepNs - parts.TotalNs };
    }

    /// <summary>
    /// Part of the step's time that some of its work caused, 0 to 1: of what is fixed by sequences, of the
    /// rest by its own tokens, pairs and KV.
    /// </summary>
    /// <param name="part">Some of the work.</param>
    /// <param name="whole">All of it, which was split.</param>
    public double ShareOf(in StepShape part, in StepShape whole)
    {
        if (part.IsEmpty)
            return 0;
        var ns = Part(FixedNs, part.Decodes + part.PrefillChunks, whole.Decodes + whole.PrefillChunks)
            + Part(PrefillTokensNs, part.PrefillTokens, whole.PrefillTokens)
            + Part(PrefillNewContextNs + PrefillCachedContextNs, part.PrefillPairs, whole.PrefillPairs)
            + Part(DecodeTokensNs, part.Decodes, whole.Decodes)
            + Part(DecodeContextNs, part.DecodeContextTokens, whole.DecodeContextTokens);
        return System.Math.Clamp(ns / System.Math.Max(1, TotalNs), 0, 1);

        static double Part(long ns, double own, double all) => all > 0 ? ns * own / all : 0;
    }

    public long TotalNs => FixedNs + PrefillTokensNs + PrefillNewContextNs + PrefillCachedContextNs
        + DecodeTokensNs + DecodeContextNs;
}
