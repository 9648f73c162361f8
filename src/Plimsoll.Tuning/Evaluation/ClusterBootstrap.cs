using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// Interval of a mean whose examples come in groups: whole groups are drawn again, since examples of one user
/// or document are not independent.
/// </summary>
public static class ClusterBootstrap
{
    const int Draws = 2000;

    /// <param name="differences">Candidate's score minus the current's, with each example's group.</param>
    /// <param name="oneSided">Confidence of each end by itself.</param>
    public static Interval Mean(IReadOnlyList<(string Group, double Difference)> differences, double oneSided,
        ulong seed)
    {
        var groups = differences.GroupBy(d => d.Group).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (Sum: g.Sum(d => d.Difference), Count: g.Count())).ToArray();
        var random = new RandomStream(seed, purpose: 0xb007);
        var means = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            var (sum, count) = (0.0, 0);
            for (var i = 0; i < groups.Length; i++)
            {
                var group = groups[random.NextBelow(groups.Length)];
                sum += group.Sum;
                count += group.Count;
            }
            means[draw] = sum / count;
        }
        Array.Sort(means);
        var tail = 1 - oneSided;
        return new Interval(differences.Average(d => d.Difference), At(means, tail), At(means, 1 - tail));
    }

    static double At(double[] sorted, double share) =>
        sorted[Math.Clamp((int)Math.Round(share * (sorted.Length - 1)), 0, sorted.Length - 1)];
}
