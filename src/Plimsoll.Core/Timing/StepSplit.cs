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

    public long TotalNs => FixedNs + PrefillTokensNs + PrefillNewContextNs + PrefillCachedContextNs
        + DecodeTokensNs + DecodeContextNs;
}
