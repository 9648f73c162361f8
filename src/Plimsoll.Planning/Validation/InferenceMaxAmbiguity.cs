using System;
using System.Collections.Generic;
using static Plimsoll.Planning.Validation.InferenceMaxPoints;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// The points do not say whether speculation was on, one dump does not say the release, and points recur
/// across dumps. Settled without looking at any prediction:
/// (1) a point that recurs counts once;
/// (2) a point of unknown release is left out where a point of the same setting has one;
/// (3) where equal settings differ by more than <see cref="Apart"/>, the faster ran with speculation and is
/// left out;
/// (4) where that is so for half of a release's repeated settings or more, its settings without a twin may have
/// run either way and are left out; where it is rarer it was no speculation, and both twins are left out.
/// </summary>
static class InferenceMaxAmbiguity
{
    /// <summary>Runs of one setting repeat within a few percent.</summary>
    const double Apart = 1.15;

    const double Same = 1.001;

    public static IReadOnlyList<Point> Settle(IReadOnlyList<Point> points) =>
        WithoutSpeculation(WithRelease(Distinct(points)));

    static List<Point> Distinct(IReadOnlyList<Point> points)
    {
        var kept = new List<Point>();
        foreach (var twins in Grouped(points, p => $"{p.Group} {p.Setting} {p.Observation.Deployment.ExpertParallel}"))
        {
            var seen = new List<double>();
            foreach (var point in twins)
            {
                if (seen.TrueForAll(tpot => Ratio(tpot, Tpot(point)) > Same))
                {
                    seen.Add(Tpot(point));
                    kept.Add(point);
                }
            }
        }
        return kept;
    }

    static List<Point> WithRelease(List<Point> points)
    {
        var kept = new List<Point>();
        foreach (var twins in Grouped(points, p => $"{p.Served} {p.Setting}"))
        {
            var known = twins.Exists(HasRelease);
            kept.AddRange(twins.FindAll(p => HasRelease(p) || !known));
        }
        return kept;
    }

    static List<Point> WithoutSpeculation(List<Point> points)
    {
        var fast = new HashSet<Point>();
        var disputed = new HashSet<Point>();
        var repeated = new HashSet<Point>();
        foreach (var twins in Grouped(points, p => $"{p.Served} {p.Setting}"))
        {
            if (twins.Count < 2)
                continue;
            repeated.UnionWith(twins);
            var slowest = 0.0;
            foreach (var point in twins)
                slowest = Math.Max(slowest, Tpot(point));
            var faster = twins.FindAll(p => slowest / Tpot(p) > Apart);
            fast.UnionWith(faster);
            if (faster.Count > 0)
                disputed.UnionWith(twins);
        }
        var kept = new List<Point>();
        foreach (var release in Grouped(points, p => p.Group))
        {
            var mixed = 2 * release.FindAll(disputed.Contains).Count >= release.FindAll(repeated.Contains).Count
                && release.Exists(disputed.Contains);
            kept.AddRange(mixed
                ? release.FindAll(p => disputed.Contains(p) && !fast.Contains(p))
                : release.FindAll(p => !disputed.Contains(p)));
        }
        return kept;
    }

    static bool HasRelease(Point point) => point.Observation.Deployment.Engine.EngineVersion is not null;

    static double Tpot(Point point) => point.Observation.Measured.TpotMs!.Value;

    static double Ratio(double a, double b) => a > b ? a / b : b / a;

    /// <summary>Points by key, keys and points in order of first appearance.</summary>
    static List<List<Point>> Grouped(IReadOnlyList<Point> points, Func<Point, string> key)
    {
        var order = new Dictionary<string, List<Point>>();
        var groups = new List<List<Point>>();
        foreach (var point in points)
        {
            if (!order.TryGetValue(key(point), out var group))
            {
                order[key(point)] = group = [];
                groups.Add(group);
            }
            group.Add(point);
        }
        return groups;
    }
}
