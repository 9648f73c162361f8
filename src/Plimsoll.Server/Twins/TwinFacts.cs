namespace Plimsoll.Server.Twins;

/// <summary>What a twin says of itself at one moment.</summary>
/// <param name="Error">Median relative error of predicted first tokens; null below 20 of them.</param>
/// <param name="Predictions">First tokens predicted and seen.</param>
/// <param name="Ratio">Observed ÷ predicted step time.</param>
/// <param name="Running">Requests that the mirrored engine runs.</param>
/// <param name="Unseen">Requests that the engine tells of and nobody here sent.</param>
/// <param name="BatchLines">Batch lines out there.</param>
/// <param name="MeanStepNs">Mean observed step, nanoseconds.</param>
/// <param name="ReturnNs">The way there and back beyond the steps, nanoseconds.</param>
public readonly record struct TwinFacts(
    double? Error, long Predictions, double Ratio, int Running, int Unseen, int BatchLines, double MeanStepNs,
    long ReturnNs)
{
    public static TwinFacts Of(TwinReplica twin) => new(
        twin.Errors.Median, twin.Errors.Count, twin.Ratio, twin.Running, twin.Unseen, twin.Batch.Count,
        twin.MeanStepNs, twin.ReturnNs);
}
