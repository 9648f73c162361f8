using System.Collections.Generic;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Backfill;

/// <summary>A mean over the streams, and how far its 90 % interval reaches on either side.</summary>
readonly record struct StreamMean(double Mean, double Reach)
{
    public double Low => Mean - Reach;

    public double High => Mean + Reach;

    /// <param name="streams">One figure of each of <see cref="BackfillRuns.Streams"/>.</param>
    public static StreamMean Of(IReadOnlyList<double> streams) =>
        new(Samples.Mean(streams), Samples.OfFour * (Samples.StandardError(streams) ?? 0));
}
