using System.Globalization;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Core.Measures;

namespace Plimsoll.Bench.Text;

/// <summary>The three answers to whether a limit was kept.</summary>
public static class VerdictWords
{
    /// <param name="limit">As it fared.</param>
    /// <param name="lead">Goes before; nothing is said of a limit that is not judged.</param>
    public static string Of(LimitReport limit, string lead = "") => limit.Verdict switch
    {
        PromiseVerdict.Kept => lead + "kept",
        PromiseVerdict.Broken => lead + "broken",
        PromiseVerdict.TooFew => lead + string.Create(CultureInfo.InvariantCulture,
            $"too few to say: {Plural.Of(limit.Samples, Unit(limit))} of the {limit.Needed:N0} needed"),
        _ => "",
    };

    public static string Of(PromiseVerdict verdict) => verdict switch
    {
        PromiseVerdict.Kept => "kept",
        PromiseVerdict.Broken => "broken",
        PromiseVerdict.TooFew => "too few to say",
        _ => "none",
    };

    static string Unit(LimitReport limit) => limit.Limit.Metric == Metric.Itl ? "gap" : "request";
}
