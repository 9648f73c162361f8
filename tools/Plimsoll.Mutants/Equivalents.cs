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
        ("Costing/PicoDollars.cs", "left < 0", "left <=0", "at nothing left nothing is handed out"),
        ("Measures/LatencyRecorder.cs", "_samples.Length < count + other.Count", "",
            "when the array grows: beyond need, or at the next sample"),
        ("Measures/QuantileSketch.cs", "64 - DivisionBits", "64 +DivisionBits",
            "room for durations that no clock counts"),
        ("Scheduling/Policies/SlackDecodes.cs", "cohort.Index + 1", "cohort.Index -1",
            "twice as many as there were is more: cohorts come one at a time"),
        ("Scheduling/Policies/SlackDecodes.cs", "2 * _paced.Length", "",
            "how fast the array grows, not what it holds"),
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
