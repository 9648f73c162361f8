namespace Plimsoll.Core.Timing;

/// <summary>One step's time by term, nanoseconds. The terms sum to <see cref="TotalNs"/> exactly.</summary>
public readonly record struct StepTimeBreakdown
{
    /// <summary>Matrix products of attention and feed-forward.</summary>
    public long DenseNs { get; init; }

    /// <summary>Norms, rotation, activation, and the gaps between them.</summary>
    public long ElementwiseNs { get; init; }

    public long ExpertsNs { get; init; }

    /// <summary>All-reduce and the exchange of tokens between experts.</summary>
    public long CommunicationNs { get; init; }

    public long PrefillAttentionNs { get; init; }

    public long DecodeAttentionNs { get; init; }

    /// <summary>Logits and sampling.</summary>
    public long LmHeadNs { get; init; }

    public long PipelineNs { get; init; }

    /// <summary>Images turned into prompt tokens.</summary>
    public long EncoderNs { get; init; }

    /// <summary>Host time that nothing hides.</summary>
    public long HostNs { get; init; }

    /// <summary>
    /// The same terms within a step: shrunk together when they exceed it, as where one step yields several
    /// tokens; what is left of it is the host's.
    /// </summary>
    internal StepTimeBreakdown Within(long stepNs)
    {
        var factor = TotalNs > stepNs ? (double)stepNs / TotalNs : 1;
        var parts = factor == 1 ? this : new StepTimeBreakdown
        {
            DenseNs = (long)(DenseNs * factor),
            ElementwiseNs = (long)(ElementwiseNs * factor),
            ExpertsNs = (long)(ExpertsNs * factor),
            CommunicationNs = (long)(CommunicationNs * factor),
            PipelineNs = (long)(PipelineNs * factor),
            EncoderNs = (long)(EncoderNs * factor),
            LmHeadNs = (long)(LmHeadNs * factor),
            PrefillAttentionNs = (long)(PrefillAttentionNs * factor),
            DecodeAttentionNs = (long)(DecodeAttentionNs * factor),
        };
        return parts with { HostNs = stepNs - parts.TotalNs };
    }

    public long TotalNs => DenseNs + ElementwiseNs + ExpertsNs + CommunicationNs + PrefillAttentionNs
        + DecodeAttentionNs + LmHeadNs + PipelineNs + EncoderNs + HostNs;
}
