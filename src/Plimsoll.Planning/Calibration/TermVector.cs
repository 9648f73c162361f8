using System.Runtime.CompilerServices;
using Plimsoll.Core.Timing;

namespace Plimsoll.Planning.Calibration;

/// <summary>Nanoseconds by <see cref="StepTerm"/>.</summary>
[InlineArray(StepScale.Terms)]
public struct TermVector
{
    double _first;

    public double this[StepTerm term]
    {
        get => this[(int)term];
        set => this[(int)term] = value;
    }

    public double Total
    {
        get
        {
            var sum = 0.0;
            foreach (var value in this)
                sum += value;
            return sum;
        }
    }

    /// <summary>Adds <paramref name="factor"/> times another vector.</summary>
    public void Add(in TermVector other, double factor = 1)
    {
        for (var i = 0; i < StepScale.Terms; i++)
            this[i] += factor * other[i];
    }

    /// <summary>One step's time by term; the terms sum to the step.</summary>
    public static TermVector Of(StepTimeModel model, in StepShape shape)
    {
        var parts = model.Explain(shape);
        var sequences = model.Overhead.UnhiddenSequenceNs * (shape.Decodes + shape.PrefillChunks);
        var vector = default(TermVector);
        vector[StepTerm.Products] = parts.DenseNs + parts.ElementwiseNs + parts.LmHeadNs;
        vector[StepTerm.Experts] = parts.ExpertsNs;
        vector[StepTerm.Communication] = parts.CommunicationNs + parts.PipelineNs;
        vector[StepTerm.PrefillAttention] = parts.PrefillAttentionNs;
        vector[StepTerm.DecodeAttention] = parts.DecodeAttentionNs;
        vector[StepTerm.Host] = parts.HostNs - sequences;
        vector[StepTerm.HostSequences] = sequences;
        return vector;
    }
}
