using System.Globalization;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tuning.Drafts;

/// <summary>What a draft model costs and what it would have to save.</summary>
/// <param name="Rival">What needs no upkeep and is cheapest: no drafts, n-gram or suffix.</param>
/// <param name="RivalUsd">Of one request.</param>
/// <param name="DraftUsd">Of one request with the draft model; low and high from its acceptance's interval,
/// at the same step times as the rival's.</param>
/// <param name="Requests">Until the next release stales it.</param>
/// <param name="OnceUsd">Answers to learn from, training, measuring again.</param>
public sealed record DraftMoney(
    string Rival, double RivalUsd, Interval DraftUsd, double Requests, double OnceUsd);

/// <summary>
/// A draft model is deployed only if what it is simulated to save until the next release, against the best
/// drafter that costs nothing to keep, exceeds what it cost.
/// </summary>
public static class DraftDecision
{
    public static GateOutcome Judge(DraftMoney money)
    {
        if (!(money.Requests > 0 && money.OnceUsd >= 0))
            throw new BadInputException("drafts: expected requests above 0 and a cost of at least 0");
        if (!double.IsFinite(money.DraftUsd.Point))
        {
            return new GateOutcome("draft", GateVerdict.Failed, "the promise is not kept with it",
                new JsonObject { ["rival"] = money.Rival, ["once_usd"] = money.OnceUsd });
        }
        var saved = new Interval(
            Saved(money, money.DraftUsd.Point), Saved(money, money.DraftUsd.High),
            Saved(money, money.DraftUsd.Low));
        var facts = new JsonObject
        {
            ["rival"] = money.Rival,
            ["rival_usd_per_request"] = money.RivalUsd,
            ["draft_usd_per_request"] = money.DraftUsd.Point,
            ["requests"] = money.Requests,
            ["saved_usd"] = saved.Point,
            // With the fewest accepted the promise may not be kept at any price.
            ["saved_usd_low"] = double.IsFinite(saved.Low) ? saved.Low : null,
            ["saved_usd_high"] = saved.High,
            ["once_usd"] = money.OnceUsd,
        };
        var text = string.Create(CultureInfo.InvariantCulture,
            $"${saved.Point:G3} saved ({End(saved.Low)} to {End(saved.High)}) on {money.Requests:G3} "
                + $"requests against {money.Rival}, ${money.OnceUsd:G3} spent once");
        var verdict = saved.Low > money.OnceUsd ? GateVerdict.Passed
            : saved.High <= money.OnceUsd ? GateVerdict.Failed : GateVerdict.Undecided;
        return new GateOutcome("draft", verdict, text, facts);
    }

    static string End(double usd) => double.IsFinite(usd)
        ? string.Create(CultureInfo.InvariantCulture, $"${usd:G3}") : "no bound known";

    static double Saved(DraftMoney money, double draftUsd) =>
        (money.RivalUsd - draftUsd) * money.Requests;
}
