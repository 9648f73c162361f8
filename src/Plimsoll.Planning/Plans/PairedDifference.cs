using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// One candidate's bill over another's. Both met the same draws, so they are compared stream by stream. What
/// a first token takes beyond its steps is the engine's, and on one card so is the error of a step: both err
/// alike and are compared with the same error. On different cards the errors of steps are independent. What
/// an error does is told at one standard error and carried to the ends of a 90 % interval: nearer to the
/// prediction fewer promises break, and a broken one has no bill to compare.
/// </summary>
static class PairedDifference
{
    const double Normal = StepErrorSpec.Deviations;

    /// <summary>A bisection's last bracket, over two numbers that were both bisected.</summary>
    const double Bracket = 0.7 * LoadLineSearch.Precision;

    public static Difference Of(PlanEntry one, PlanEntry best, FleetScale scale)
    {
        if (ReferenceEquals(one.Candidate, best.Candidate))
            return default;
        var sampling = Sampling(one, best, scale);
        var value = Bill(one, scale, 1)!.Value - Bill(best, scale, 1)!.Value;
        var first = Together(s => s.FirstFast, s => s.FirstSlow);
        var steps = IsOneCard(one, best)
            ? Together(s => s.StepFast, s => s.StepSlow)
            : Apart();
        return new Difference(
            Math.Exp(value) - 1,
            Both(first.Low, steps.Low) is { } low ? Math.Exp(value - Normal * low - sampling) - 1 : -1,
            Both(first.High, steps.High) is { } high ? Math.Exp(value + Normal * high + sampling) - 1 : null);

        // How far the difference moves when both err alike; null where only one of them breaks.
        (double? Low, double? High) Together(
            Func<StandardErrors, double> fast, Func<StandardErrors, double> slow)
        {
            double low = 0, high = 0;
            var (breaks, bestBreaks) = (false, false);
            foreach (var end in new[] { fast, slow })
            {
                var (own, others) = (
                    Bill(one, scale, end(one.Standard)), Bill(best, scale, end(best.Standard)));
                breaks |= own is null && others is not null;
                bestBreaks |= own is not null && others is null;
                var moved = own - others - value ?? 0;
                (low, high) = (Math.Max(low, -moved), Math.Max(high, moved));
            }
            return (bestBreaks ? null : low, breaks ? null : high);
        }

        (double? Low, double? High) Apart()
        {
            var (ownFast, ownSlow) = Moves(one);
            var (bestFast, bestSlow) = Moves(best);
            return (Both(ownFast, bestSlow), Both(ownSlow, bestFast));
        }

        (double? Fast, double? Slow) Moves(PlanEntry entry)
        {
            var middle = Bill(entry, scale, 1);
            return (Bill(entry, scale, entry.Standard.StepFast) - middle,
                Bill(entry, scale, entry.Standard.StepSlow) - middle);
        }
    }

    static double? Both(double? one, double? other) =>
        one is { } a && other is { } b ? Math.Sqrt(a * a + b * b) : null;

    /// <summary>Half the 90 % interval of the logarithm that the draws leave.</summary>
    static double Sampling(PlanEntry one, PlanEntry best, FleetScale scale)
    {
        var logs = new List<double>();
        for (var i = 0; i < Math.Min(one.Measure.Lines.Count, best.Measure.Lines.Count); i++)
        {
            var (line, bests) = (one.Measure.Lines[i], best.Measure.Lines[i]);
            if (line > 0 && bests > 0)
            {
                logs.Add(Math.Log(
                    scale.Unrounded(one.Candidate, line) / scale.Unrounded(best.Candidate, bests)));
            }
        }
        return Bracket + (logs.Count > 1 ? Samples.OfFour * Samples.StandardError(logs)!.Value : 0.05);
    }

    /// <summary>Logarithm of the bill with a load line by that factor; null where there is none.</summary>
    static double? Bill(PlanEntry entry, FleetScale scale, double factor) => factor > 0
        ? Math.Log(scale.Unrounded(entry.Candidate, entry.Measure.Line * factor)) : null;

    static bool IsOneCard(PlanEntry one, PlanEntry other)
    {
        var (a, b) = (one.Candidate.Deployment, other.Candidate.Deployment);
        return a.Accelerator.Key == b.Accelerator.Key && a.Engine.Engine == b.Engine.Engine
            && a.Engine.EngineVersion == b.Engine.EngineVersion && a.Weights == b.Weights;
    }
}
