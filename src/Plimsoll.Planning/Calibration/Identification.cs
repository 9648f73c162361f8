using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Calibration;

/// <summary>Which multipliers a deployment has at all, and why the data cannot tell one.</summary>
static class Identification
{
    /// <summary>A term below this share of every figure disappears in the noise.</summary>
    const double SmallShare = 0.05;

    /// <summary>
    /// Below this the data say nothing of a term. Between this and <see cref="Known"/> the ridge holds it
    /// near 1: predictions of other loads are better with it than without, and its factor is called weak.
    /// </summary>
    const double LeastGain = 1.03;

    /// <summary>From here on the data tell more of a term than was assumed of it.</summary>
    public const double Known = 2;

    /// <summary>
    /// How a calibration is fitted: to few runs, with every term that they say anything of.
    /// </summary>
    public static ScaleFitOptions Options(
        Deployment deployment, IReadOnlyList<Configuration> configurations) =>
        new() { Terms = Terms(deployment, configurations), LeastGain = LeastGain };

    /// <summary>
    /// The terms that a deployment's steps consist of and that the measurements can contain.
    /// </summary>
    static IReadOnlyList<StepTerm> Terms(Deployment deployment, IReadOnlyList<Configuration> configurations)
    {
        var terms = new List<StepTerm> { StepTerm.Products };
        if (deployment.Model.FeedForward.MoeLayers > 0)
            terms.Add(StepTerm.Experts);
        if (deployment.TensorParallel * deployment.PipelineParallel * deployment.ExpertParallel > 1)
            terms.Add(StepTerm.Communication);
        terms.AddRange([StepTerm.PrefillAttention, StepTerm.DecodeAttention, StepTerm.Host]);
        if (EngineCatalogue.Of(deployment.Engine).Overhead.UnhiddenSequenceNs > 0)
            terms.Add(StepTerm.HostSequences);
        foreach (var configuration in configurations)
        {
            foreach (var run in configuration.Runs)
            {
                if (!run.EngineClock && run.Measured.TtftMs is not null && !terms.Contains(StepTerm.Request))
                    terms.Add(StepTerm.Request);
            }
        }
        return terms;
    }

    /// <summary>
    /// Why little is known of a term: too small a part of every figure, or moving them as another does.
    /// </summary>
    public static string Reason(StepTerm term, ScaleFitResult fit)
    {
        var at = LogLeastSquares.Logarithms(fit.Scale);
        double largest = 0, own = 0;
        var others = new double[StepScale.Terms];
        var products = new double[StepScale.Terms];
        foreach (var residual in fit.Residuals)
        {
            var predicted = residual.Predicted(at);
            var slope = residual.Slope((int)term, at, predicted);
            largest = Math.Max(largest, slope);
            own += residual.Weight * slope * slope;
            for (var i = 0; i < others.Length; i++)
            {
                var other = residual.Slope(i, at, predicted);
                others[i] += residual.Weight * other * other;
                products[i] += residual.Weight * slope * other;
            }
        }
        if (largest < SmallShare)
            return FormattableString.Invariant($"at most {100 * largest:0.#} % of any measured figure");
        StepTerm? twin = null;
        var nearest = 0.0;
        foreach (var other in fit.Fitted)
        {
            if (other == term)
                continue;
            var cosine = products[(int)other] / Math.Sqrt(own * others[(int)other]);
            if (cosine > nearest)
                (twin, nearest) = (other, cosine);
        }
        return twin is { } found
            ? $"moves the measured figures as {found.Name()} does; loads that differ "
            + $"more would tell them apart"
            : "the measured figures say too little of it";
    }
}
