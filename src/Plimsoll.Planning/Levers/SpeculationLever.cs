using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Planning.Levers;

/// <summary>
/// Speculation with three drafts of a light head: what it is worth at the acceptance that vLLM measures over
/// tasks, the acceptance at which it stops to pay, and what keeping the draft up to date adds to that.
/// </summary>
static class SpeculationLever
{
    const int Drafts = 3;

    /// <summary>Tokens a step of three drafts yields over tasks (vLLM acceptance lengths).</summary>
    const double Low = 2.49, Usual = 2.9, High = 3.39;

    /// <summary>A head of one layer is trained on so many tokens of the target's own answers.</summary>
    const double TrainingTokens = 1e9, TrainingUtilisation = 0.4, ReleasesAYear = 4;

    const double SecondsPerYear = 365.25 * 86400;

    public static LeverRow Of(LeverTrials trials)
    {
        var own = (double)trials.Of(trials.Base)!.Usd.Usd;
        var upkeep = UpkeepPerMillionTokens(trials);
        var row = trials.Row("speculation", Change(), With(trials, Usual));
        var (most, least) = (trials.Usd(With(trials, Low)), trials.Usd(With(trials, High)));
        if (row.UsdPerMillionTokens is { } usd && most is { } high && least is { } low)
        {
            // Acceptance is less certain than step times, which both sides share.
            row = row with
            {
                UsdPerMillionTokens = usd + Money(upkeep),
                Low = Math.Min(row.Low ?? usd, Money(low - own)) + Money(upkeep),
                High = Math.Max(row.High ?? usd, Money(high - own)) + Money(upkeep),
            };
        }
        return row with
        {
            BreakEven = BreakEven(own) is { } pays
                ? FormattableString.Invariant($"{pays:0.00} tokens a step; with the draft's upkeep of ")
                    + FormattableString.Invariant($"${upkeep:0.0000} per million tokens ")
                    + (BreakEven(own - upkeep) is { } kept
                        ? FormattableString.Invariant($"{kept:0.00}") : "never")
                : FormattableString.Invariant($"never, not even at {Drafts + 1} tokens a step"),
        };

        double? BreakEven(double target)
        {
            if (!(trials.Usd(With(trials, Drafts + 1)) <= target))
                return null;
            double bad = 1, good = Drafts + 1;
            for (var i = 0; i < 5; i++)
            {
                var middle = (bad + good) / 2;
                (bad, good) = trials.Usd(With(trials, middle)) <= target ? (bad, middle) : (middle, good);
            }
            return (bad + good) / 2;
        }
    }

    static string Change() => FormattableString.Invariant(
        $"{Drafts} drafts of a light head, {Usual:0.0} tokens a step ({Low:0.0#} to {High:0.0#} by task), ")
        + FormattableString.Invariant($"the head retrained at {ReleasesAYear:0} releases a year");

    static ComparedSide With(LeverTrials trials, double acceptance) => trials.Base with
    {
        Tuning = trials.Base.Tuning with
        {
            Speculation = new SpeculationSpec(Drafts, Math.Round(acceptance, 4)),
        },
    };

    /// <summary>The head's retraining over a year's tokens: 2 FLOPs a target weight, 6 a head's.</summary>
    public static double UpkeepPerMillionTokens(LeverTrials trials)
    {
        var side = trials.Base;
        var head = 14.0 * side.Model.Hidden * side.Model.Hidden;
        var flops = TrainingTokens * ((2.0 * side.Model.ActiveParameters) + (6 * head));
        var hours = flops / (side.Accelerator.PeakFlops(NumberFormat.Bf16) * TrainingUtilisation) / 3600;
        var usd = hours * (double)side.Price.UsdPerHour * ReleasesAYear;
        var tokens = side.RequestsPerSecond * SecondsPerYear
            * (side.Workload.MeanPromptTokens + side.Workload.MeanOutputTokens);
        return usd / tokens * 1e6;
    }

    static decimal Money(double usd) => Core.Costing.PicoDollars.FromUsd(usd).Usd;
}
