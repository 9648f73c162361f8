namespace Plimsoll.Core.Timing;

/// <summary>
/// Terms of steps that were timed whole: what the new tokens cost stands for all products, logits and host
/// work; contexts have their own prices.
/// </summary>
sealed class MeasuredTerms(MeasuredStepsSpec steps) : IStepTerms
{
    public int Kernels => 0;

    public bool MixesDecodes => false;

    public double DenseNs(double tokens) => steps.OfTokens(tokens);

    public double ElementwiseNs(double tokens) => 0;

    public double MoeNs(double tokens) => 0;

    public double CommunicationNs(double tokens) => 0;

    public double PipelineNs(double tokens) => 0;

    public double LmHeadNs(double rows) => 0;

    public double DecodeNs(double sequences, double context) => steps.ContextTokenNs * sequences * context;

    public double PrefillNs(
        double tokens, double pairs, double meanContext, double sequences, double decodeContext) =>
        steps.PairNs * pairs;
}
