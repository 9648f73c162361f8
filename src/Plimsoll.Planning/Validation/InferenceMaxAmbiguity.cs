using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Measured;
using static Plimsoll.Planning.Validation.InferenceMaxPoints;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// The points do not say whether speculation was on, one dump does not say the release, and points recur
/// across dumps. Settled without looking at any prediction: (0) a release of which some point comes within
/// <see cref="Plausible"/> of the physical floor cannot have computed all its prompts (or is not what its row
/// says): all of it is left out; (1) a point that recurs counts once; (2) a point of unknown release is left
/// out where a point of the same setting has one; (3) where equal settings differ by more than
/// <see cref="Apart"/>, the faster ran with speculation and is left out; (4) where that is so for half of a
/// release's repeated settings or more, its settings without a twin may have run either way and are left out;
/// where it is rarer it was no speculation, and both twins are left out.
/// </summary>
static class InferenceMaxAmbiguity
{
    /// <summary>Runs of one setting repeat within a few percent.</summary>
    const double Apart = 1.15;

    const double Same = 1.001;

    /// <summary>
    /// Share of the floor (peak rates, perfect overlap, unbounded batch) that no engine reaches: the
    /// best large products of the kernel tables reach three quarters of their peak, everything around
    /// them comes on top.
    /// </summary>
    const double Plausible = 0.8;

    public static IReadOnlyList<Point> Settle(IReadOnlyList<Point> points) =>
        WithoutSpeculation(WithRelease(Distinct(Possible(points))));

    static List<Point> Possible(IReadOnlyList<Point> points)
    {
        var kept = new List<Point>();
        foreach (var release in Grouped(points, p => p.Group))
        {
            if (release.TrueForAll(p => ShareOfFloor(p) < Plausible))
                kept.AddRange(release);
        }
        return kept;
    }

    /// <summary>Least computing time of the requests per second that were measured.</summary>
    static double ShareOfFloor(Point point)
    {
        var load = (ClosedLoad)point.Observation.Load;
        var prompt = (load.PromptTokens.Least + load.PromptTokens.Most) / 2;
        var output = (load.OutputTokens.Least + load.OutputTokens.Most) / 2;
        var answerNs = 1e6 * (point.Observation.Measured.TtftMs!.Value + ((output - 1) * Tpot(point)));
        return point.Concurrency / answerNs
            * ModelLimits.FloorNsPerRequest(point.Observation.Deployment, prompt, 0, output);
    }

    static List<Point> Distinct(IReadOnlyList<Point> points)
    {
        var kept = new List<Point>();
        foreach (var twins in Grouped(
            points, p => $"{p.Group} {p.Setting} {p.Observation.Deployment.ExpertParallel}"))
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
            var mixed =
                2 * release.FindAll(disputed.Contains).Count >= release.FindAll(repeated.Contains).Count
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
