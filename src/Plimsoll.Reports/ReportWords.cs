using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Plimsoll.Reports;

/// <summary>
/// What the page says in words: the finding in a sentence, and what every term on it means.
/// </summary>
static class ReportWords
{
    /// <summary>The finding for who reads one sentence only.</summary>
    public static string Finding(ReportModel model)
    {
        var interactive = model.Account.Classes[0];
        var batch = model.Account.Classes.FirstOrDefault(c => c.Class == "batch");
        var text =
            $"A million tokens cost {Usd(interactive.Cost.UsdPerMillionTokens)} when somebody waits for them";
        text += batch is null
            ? ""
            : $", and {Usd(batch.Cost.UsdPerMillionTokens)} on the same accelerators when nobody does";
        var bars = interactive.Waterfall.ToDictionary(b => b.Step, b => b.UsdPerMillionTokens);
        var latency = bars.GetValueOrDefault("promise") + bars.GetValueOrDefault("bursts");
        var peaks = bars.GetValueOrDefault("peaks") + bars.GetValueOrDefault("reserve");
        return text
            + $". Of it, {Usd(latency)} is what the promised latency itself takes, and {Usd(peaks)} is "
            + $"capacity that waits for the busiest hour or for a failure.";
    }

    /// <summary>Terms of the page and their meanings, in reading order.</summary>
    public static IReadOnlyList<(string Term, string Meaning)> Definitions { get; } =
    [
        ("floor",
            "What physics allows: peak arithmetic and bandwidth, perfectly overlapped, the weights read "
            + "once for any number of users."),
        ("kernels", "What real kernels, the engine's own overhead and the links between accelerators add."),
        ("memory", "What is lost because only so many requests fit in KV memory at once."),
        ("promise", "What holding the latency limits costs while requests come evenly scattered (Poisson)."),
        ("bursts",
            "What the real arrivals add, which come in bursts. It may be negative: the same promise is "
            + "sometimes easier to keep."),
        ("peaks", "What a fleet sized for the busiest hour costs in all the other hours."),
        ("reserve", "Spare replicas, and rounding up to whole ones."),
        ("the bill", "The sum: dollars of the fleet over tokens that it serves, input and output together."),
        ("load line",
            "The highest rate of one replica at which every limit of the promise holds, the shape of "
            + "the arrivals kept."),
        ("TTFT", "Time from a request's arrival to its first token."),
        ("TPOT", "Mean time per output token after the first."),
        ("ITL", "Each single gap between two tokens."),
        ("E2E", "Time from a request's arrival to its last token."),
        ("p95", "All but 5 of 100 requests are at least as fast."),
        ("utilisation", "Mean demand over what the fleet could carry at its load line."),
        ("90 % interval", "Where nine in ten measured engines would lie, by the errors of the public "
            + "validation; not a range of scenarios."),
        ("tier",
            "What step times rest on: datasheet (peak figures), kernels (measured kernel tables), fitted "
            + "(your own engine)."),
    ];

    static string Usd(decimal value) => "$" + value.ToString("0.00", CultureInfo.InvariantCulture);
}
