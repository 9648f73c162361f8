using System;
using System.Collections.Generic;

namespace Plimsoll.Planning.Search;

/// <summary>How many replicas carry a demand that varies over the week.</summary>
public static class FleetSize
{
    /// <summary>The busiest hour's demand over the mean.</summary>
    public static double PeakOverMean(IReadOnlyList<double> envelope)
    {
        double peak = 0, sum = 0;
        foreach (var hour in envelope)
        {
            peak = Math.Max(peak, hour);
            sum += hour;
        }
        return peak * envelope.Count / sum;
    }

    /// <summary>Whole replicas for a demand at a load line, at least one.</summary>
    public static int Replicas(double requestsPerSecond, double loadLine) =>
        Math.Max(1, (int)Math.Ceiling(requestsPerSecond / loadLine - 1e-9));

    /// <summary>Replicas on average when their number follows the demand hour by hour, spares kept.</summary>
    public static double FollowingDemand(
        double requestsPerSecond, double loadLine, IReadOnlyList<double> envelope, int spare)
    {
        double sum = 0;
        foreach (var hour in envelope)
            sum += Replicas(requestsPerSecond * hour, loadLine) + spare;
        return sum / envelope.Count;
    }
}
