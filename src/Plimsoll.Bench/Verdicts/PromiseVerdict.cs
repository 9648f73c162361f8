using System;
using System.Collections.Generic;
using System.Linq;
using MathNet.Numerics.Distributions;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Verdicts;

/// <summary>What a run knows of a promise.</summary>
public enum PromiseVerdict
{
    /// <summary>Nothing was promised of the whole: no limit, or limits of single requests alone.</summary>
    None,

    Kept,

    Broken,

    /// <summary>Too few requests to say.</summary>
    TooFew,
}

/// <summary>
/// Judges a limit by the requests of a run. From as many as its percentile needs the run's own percentile
/// decides. With fewer the limit is broken all the same where so many breaks would be a chance of under 1 in
/// 100 if it were kept (ten of ten late), and anything else is too few to say.
/// </summary>
public static class PromiseJudge
{
    const double Chance = 0.01;

    /// <param name="limit">What was promised.</param>
    /// <param name="samples">Requests; of <c>itl</c> the gaps.</param>
    /// <param name="broken">Of them.</param>
    public static PromiseVerdict Of(Limit limit, long samples, long broken)
    {
        var share = 1 - limit.Percentile / 100;
        if (samples >= PercentileSamples.Needed(limit.Percentile))
        {
            var allowed = samples - (long)Math.Ceiling(limit.Percentile / 100.0 * samples);
            return broken > allowed ? PromiseVerdict.Broken : PromiseVerdict.Kept;
        }
        return broken > 0 && 1 - Binomial.CDF(share, (int)samples, broken - 1) < Chance
            ? PromiseVerdict.Broken : PromiseVerdict.TooFew;
    }

    /// <summary>One broken limit breaks a promise, whatever is known of the others.</summary>
    public static PromiseVerdict Of(IReadOnlyCollection<PromiseVerdict> verdicts) =>
        verdicts.Contains(PromiseVerdict.Broken) ? PromiseVerdict.Broken
        : verdicts.Contains(PromiseVerdict.TooFew) ? PromiseVerdict.TooFew
        : verdicts.Contains(PromiseVerdict.Kept) ? PromiseVerdict.Kept : PromiseVerdict.None;

    /// <summary>In results: lower case, words joined.</summary>
    public static string Name(this PromiseVerdict verdict) => verdict switch
    {
        PromiseVerdict.Kept => "kept",
        PromiseVerdict.Broken => "broken",
        PromiseVerdict.TooFew => "too_few",
        _ => "none",
    };
}
