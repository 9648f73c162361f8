using System;

namespace Plimsoll.Mutants;

/// <summary>
/// Mutants that no test can catch, because they compute the same: they count neither for the score nor
/// against it, and each says why.
/// </summary>
static class Equivalents
{
    static readonly (string File, string Was, string Now, string Why)[] All =
    [
        ("Costing/PicoDollars.cs", "count <= 64", "", "where the order lies, not what it says"),
        ("Accounts/AccountNotes.cs", "cut < 0", "cut <=0", "no source begins with the mark"),
        ("Accounts/ReportBuilder.cs", "s.Rate > 1.2", "s.Rate >=1.2 * interactive.LoadLine.RequestsPerSecond",
            "no rate lies on the edge to the bit"),
        ("Accounts/ReportBuilder.cs", "value <= limitMs", "value <limitMs",
            "no latency lies on the limit to the bit, and the line between two rates ends there"),
        ("Accounts/AccountNotes.cs", "cut >= 0", "cut >0", "no source begins with the mark"),
        ("Accounts/Accountant.cs", "count < Sample", "count <=Sample", "a stream ends after as many"),
        ("Accounts/ReportBuilder.cs", "i > 0", "i >=0", "nothing is kept before the first rate"),
        ("Accounts/ReportBuilder.cs", "i > 0 && line is not null", "i > 0 ||line is not null",
            "where no rate was kept before, the last one was not either"),
        ("Costing/PicoDollars.cs", "left < 0", "left <=0", "at nothing left nothing is handed out"),
        ("Measures/LatencyRecorder.cs", "_samples.Length < count + other.Count", "",
            "when the array grows: beyond need, or at the next sample"),
        ("Measures/LatencyRecorder.cs", "Math.Min(2 * index, ExactSamples)",
            "Math.Max(2 * index, ExactSamples)", "how far the array grows beyond need"),
        ("Measures/LatencyRecorder.cs", "Math.Min(ExactSamples, Math.Max(2 * count, count + other.Count))",
            "Math.Max(ExactSamples, Math.Max(2 * count, count + other.Count))",
            "how far the array grows beyond need"),
        ("Measures/PercentileSamples.cs", "AtMostOneBeyond(high, beyond) > 0.01",
            "AtMostOneBeyond(high, beyond) >=0.01", "no count lies on the edge to the bit"),
        ("Measures/PercentileSamples.cs", "AtMostOneBeyond(middle, beyond) > 0.01",
            "AtMostOneBeyond(middle, beyond) >=0.01", "no count lies on the edge to the bit"),
        ("Measures/QuantileSketch.cs", "ns < Divisions", "ns <=Divisions",
            "the first bucket of two ways to count is the same"),
        ("Measures/QuantileSketch.cs", "shift < 0", "shift <=0", "such a bucket is one nanosecond wide"),
        ("Measures/RequestMeter.cs", "endMeasured - firstMeasured", "endMeasured +firstMeasured",
            "room that is reserved, not what it takes"),
        ("Measures/QuantileSketch.cs", "64 - DivisionBits", "64 +DivisionBits",
            "room for durations that no clock counts"),
        ("Scheduling/Policies/BatchDecodes.cs", "state.Requests[_items[index - 1]].Admission > ",
            "state.Requests[_items[index - 1]].Admission >=state.Requests[request]…",
            "no two requests are admitted as the same"),
        ("Scheduling/Policies/SlackDecodes.cs", "cohort.Index + 1", "cohort.Index -1",
            "twice as many as there were is more: cohorts come one at a time"),
        ("Scheduling/Policies/SlackDecodes.cs", "2 * _paced.Length", "",
            "how fast the array grows, not what it holds"),
        ("Scheduling/Policies/SlackPolicy.cs", "_queues.Interactive.Count > 0 && due != long.MaxValue",
            "_queues.Interactive.Count > 0 ||due != long.MaxValue",
            "without a prompt the time is set back unused, and where nothing is due no gap is waited for"),
        ("Scheduling/Policies/VllmV1Policy.cs", "blocks <= _state.FreeBlocks", "blocks <_state.FreeBlocks",
            "the walk in order, taken instead, decides the same: VllmV1Laws"),
    ];

    /// <summary>Why a mutant is the same as what it stands for; null where it is not.</summary>
    public static string? Reason(Mutant mutant)
    {
        foreach (var (file, was, now, why) in All)
        {
            if (mutant.File == file && mutant.Was.StartsWith(was, StringComparison.Ordinal)
                && (now == "" || mutant.Now == now))
            {
                return why;
            }
        }
        return null;
    }
}
