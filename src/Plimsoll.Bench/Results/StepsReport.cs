using System.Collections.Generic;
using System.Linq;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Bench.Results;

/// <summary>What the engine computed during the run, by its own log.</summary>
/// <param name="Steps">In order.</param>
/// <param name="LeftOut">Steps beyond those that are kept.</param>
/// <param name="Problem">Why the log could not be joined, or not whole; null where it was.</param>
public sealed record StepsReport(IReadOnlyList<MeasuredStep> Steps, long LeftOut, string? Problem)
{
    /// <summary>Seconds in steps.</summary>
    public double BusyS => Steps.Sum(step => step.DurationNs) / 1e9;

    public double MeanMs => Steps.Count > 0 ? 1e3 * BusyS / Steps.Count : 0;

    /// <summary>Sequences that decoded at once, on average over the time in steps.</summary>
    public double MeanDecodes => Steps.Count > 0
        ? Steps.Sum(step => step.DurationNs * step.Shape.Decodes) / (1e9 * BusyS) : 0;

    public long PrefillTokens => Steps.Sum(step => (long)step.Shape.PrefillTokens);

    public long DecodedTokens => Steps.Sum(step => (long)step.Shape.Decodes);
}
