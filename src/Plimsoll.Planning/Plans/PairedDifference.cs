using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// One candidate's bill over another's. Both met the same draws, so they are compared stream by stream; on one
/// card under one engine both err alike, so they are compared with the same error. On different cards the
/// errors are independent.
/// </summary>
static class PairedDifference
{
    /// <summary>Half a 90 % interval of a mean of four, in standard errors (Student's t, three degrees).</summary>
    const double Reach = 2.353;

    /// <summary>A bisection's last bracket, over two numbers that were both bisected.</summary>
    const double Bracket = 0.7 * LoadLineSearch.Precision;

    public static Difference Of(PlanEntry one, PlanEntry best, FleetScale scale)
    {
        if (ReferenceEquals(one.Candidate, best.Candidate))
            return default;
        var streams = Math.Min(one.Measure.Lines.Count, best.Measure.Lines.Count);
        var ratios = new List<double>();
        for (var i = 0; i < streams; i++)
        {
            if (one.Measure.Lines[i] > 0 && best.Measure.Lines[i] > 0)
                ratios.Add(Ratio(one.Measure.Lines[i], best.Measure.Lines[i]));
        }
        var value = Ratio(one.Measure.Line, best.Measure.Line);
        var sampling = Bracket * (value + 1)
            + (ratios.Count > 1 ? Reach * Samples.StandardError(ratios)!.Value : 0.05);
        var (low, high) = Alike(one, best) ? Together(value) : Apart(value);
        return new Difference(value, low - sampling, high + sampling);

        double Ratio(double line, double bestLine) =>
            scale.Unrounded(one.Candidate, line) / scale.Unrounded(best.Candidate, bestLine) - 1;

        (double, double?) Together(double middle)
        {
            var ends = new List<double> { middle, Ratio(one.LineFast, best.LineFast) };
            if (one.LineSlow > 0 && best.LineSlow > 0)
                ends.Add(Ratio(one.LineSlow, best.LineSlow));
            var breaksAlone = one.LineSlow <= 0 && best.LineSlow > 0;
            return (best.LineSlow <= 0 && one.LineSlow > 0 ? -1 : ends.Min(), breaksAlone ? null : ends.Max());
        }

        (double, double?) Apart(double middle)
        {
            var (fastOne, slowOne) = Ends(one, scale);
            var (fastBest, slowBest) = Ends(best, scale);
            var low = slowBest is { } slower
                ? Math.Exp(-Math.Sqrt(Square(fastOne) + Square(slower))) : 0;
            double? high = slowOne is { } slow ? Math.Exp(Math.Sqrt(Square(slow) + Square(fastBest))) : null;
            return ((1 + middle) * low - 1, (1 + middle) * high - 1);
        }
    }

    /// <summary>Logarithms of the bill at either end over the bill as predicted.</summary>
    static (double Fast, double? Slow) Ends(PlanEntry entry, FleetScale scale)
    {
        var middle = scale.Unrounded(entry.Candidate, entry.Measure.Line);
        return (
            Math.Log(scale.Unrounded(entry.Candidate, entry.LineFast) / middle),
            entry.LineSlow > 0 ? Math.Log(scale.Unrounded(entry.Candidate, entry.LineSlow) / middle) : null);
    }

    static double Square(double x) => x * x;

    static bool Alike(PlanEntry one, PlanEntry other)
    {
        var (a, b) = (one.Candidate.Deployment, other.Candidate.Deployment);
        return a.Accelerator.Key == b.Accelerator.Key && a.Engine.Engine == b.Engine.Engine
            && a.Engine.EngineVersion == b.Engine.EngineVersion && a.Weights == b.Weights;
    }
}
