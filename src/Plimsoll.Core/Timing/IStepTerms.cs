namespace Plimsoll.Core.Timing;

/// <summary>
/// The terms of a step, each over its own argument, nanoseconds of one accelerator, all layers: from tables
/// of kernels, or from whole steps that were timed.
/// </summary>
interface IStepTerms
{
    /// <summary>Kernels of one step, for launch time outside a graph.</summary>
    int Kernels { get; }

    /// <summary>Whether decodes share the prefill kernel in a mixed step.</summary>
    bool MixesDecodes { get; }

    double DenseNs(double tokens);

    double ElementwiseNs(double tokens);

    double MoeNs(double tokens);

    double CommunicationNs(double tokens);

    double PipelineNs(double tokens);

    double LmHeadNs(double rows);

    /// <summary>Decoding sequences of a mean context.</summary>
    double DecodeNs(double sequences, double context);

    /// <summary>Prompt chunks, and the decodes that share their kernel.</summary>
    double PrefillNs(
        double tokens, double pairs, double meanContext, double sequences, double decodeContext);
}
