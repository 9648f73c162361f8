using Plimsoll.Bench.Results;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Runs;

/// <summary>
/// The highest percentile that samples tell: a short run is judged by what is known of it, and says by which.
/// </summary>
static class JudgedPercentile
{
    static readonly double[] Judging = [99, 95, 50];

    /// <param name="sketch">Nanoseconds.</param>
    public static KnownPercentile? Of(QuantileSketch sketch)
    {
        foreach (var percentile in Judging)
        {
            if (sketch.Count >= PercentileSamples.Needed(percentile))
                return new KnownPercentile(percentile, sketch.Percentile(percentile) / 1e6);
        }
        return null;
    }
}
