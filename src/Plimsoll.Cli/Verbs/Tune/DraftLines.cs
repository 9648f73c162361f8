using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>What is known of a release's drafts, for terminal and page.</summary>
static class DraftLines
{
    public static IEnumerable<string> Of(DraftRecord record, DraftInUse? used)
    {
        foreach (var each in record.Acceptance)
        {
            var model = each.Drafter == DraftAcceptance.Model ? $" {record.Model![..12]}" : "";
            yield return string.Create(CultureInfo.InvariantCulture,
                $"drafts {each.Drafter}{model}: {Acceptance(each)}");
        }
        if (record.Decision is { } decision)
        {
            yield return $"draft model {Word(decision.Verdict)}: {decision.Evidence}";
        }
        if (used is { IsStale: true })
            yield return Stale(used);
    }

    public static string Acceptance(DraftAcceptance each) => string.Create(CultureInfo.InvariantCulture,
        $"{each.TokensPerStep.Point:0.00} tokens a step ({each.TokensPerStep.Low:0.00} to {
            each.TokensPerStep.High:0.00}) with {each.DraftTokens} guessed, {each.Answers} answers");

    public static string Stale(DraftInUse used) =>
        $"draft model {used.Model[..12]} is stale: distilled from release {used.Release[..12]}, and {
            used.Target[..12]} answers now; expected plimsoll tune draft";

    static string Word(GateVerdict verdict) => verdict switch
    {
        GateVerdict.Passed => "pays",
        GateVerdict.Failed => "does not pay",
        _ => "may pay, not shown",
    };
}
