using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>One example's answers by the model in traffic and by the candidate.</summary>
/// <param name="Group">Examples of one group are not independent; null: its own.</param>
public sealed record JudgedExample(string Prompt, string Expected, string Current, string Candidate,
    string? Group = null);

/// <summary>
/// The gates between a candidate and traffic. Pure: the same evidence gives the same verdict. A gate that
/// fails names what it saw.
/// </summary>
public static class Gates
{
    public const double Confidence = 0.95;
    public const double Power = 0.8;

    /// <summary>Shares of answers that rounding may turn without a fault.</summary>
    public const double MostDifferences = 0.01;

    public const double MostQuantisedDifferences = 0.1;

    /// <summary>Logits between two tokens that rounding alone may turn: the engine keeps keys and values in
    /// half precision, which rounds by a two-thousandth. It is said, and excuses nothing.</summary>
    public const double Tie = 0.001;

    /// <summary>The same where products round the activations too, as those of F16 do.</summary>
    public const double RoundedTie = 0.005;

    /// <summary>
    /// 1. The deployed engine says what the trainer said, token for token. One answer in a hundred may turn
    /// at a close call, one in ten on weights of fewer bits, where quality is judged on the deployed form
    /// anyway.
    /// </summary>
    /// <param name="quantised">Whether the weights are of fewer bits than the trainer's: Q8_0, and F16 too,
    /// whose products round the activations as well.</param>
    /// <param name="needed">Prompts below which nothing is proven.</param>
    public static GateOutcome Parity(IReadOnlyList<ParityExample> examples, bool quantised, int needed)
    {
        var different = examples.Where(e => !e.Trainer.SequenceEqual(e.Engine)).ToList();
        var facts = new JsonObject
        {
            ["prompts"] = examples.Count,
            ["identical"] = examples.Count - different.Count,
            ["quantised"] = quantised,
        };
        if (different.Count > 0)
            facts["first_difference"] = Difference(different[0]);
        var endless = different.Count(RunsOn);
        facts["run_on"] = endless;
        var ties = different.Count(e => e.Margin <= (quantised ? RoundedTie : Tie));
        facts["ties"] = ties;
        var text = $"{examples.Count - different.Count} of {examples.Count} answers are "
            + "token for token the trainer's"
            + (ties == 0 ? "" : $", {ties} {(ties == 1 ? "parts" : "part")} at a tie");
        if (examples.Count < needed)
        {
            return new GateOutcome("parity", GateVerdict.Undecided, $"{text}; {needed} prompts are needed",
                facts);
        }
        if (different.Count == 0)
            return new GateOutcome("parity", GateVerdict.Passed, text, facts);
        // Rounding turns close calls: a rare one where only keys and values are in half precision, some where
        // the weights are quantised. A wrong template, order or scale turns most answers.
        var most = quantised ? MostQuantisedDifferences : MostDifferences;
        var verdict = different.Count <= most * examples.Count ? GateVerdict.Passed : GateVerdict.Failed;
        var end = endless * 2 > different.Count
            ? $"; in {endless} the engine runs on past the end: expected the same end-of-turn token"
            : "";
        return new GateOutcome("parity", verdict, $"{text}; first: {Difference(different[0])}{end}", facts);
    }

    /// <summary>
    /// 1, for a quantised form: the conversion is held to token for token on unquantised weights first. Else
    /// a fault that turns one answer in twenty, as rows in a wrong order may, would pass for rounding.
    /// </summary>
    public static GateOutcome Parity(
        IReadOnlyList<ParityExample> unquantised, IReadOnlyList<ParityExample> quantised, int needed)
    {
        var converted = Parity(unquantised, quantised: false, needed);
        if (converted.Verdict != GateVerdict.Passed)
            return converted with { Evidence = $"before quantisation: {converted.Evidence}" };
        var deployed = Parity(quantised, quantised: true, needed);
        deployed.Facts["identical_unquantised"] = converted.Facts["identical"]!.DeepClone();
        return deployed;
    }

    /// <summary>2. Non-inferiority of exact matches, paired.</summary>
    /// <param name="margin">Points of accuracy that may be lost, as 0.02.</param>
    /// <param name="discordant">Share of examples expected to differ, fixed before: it sets
    /// the sample needed.</param>
    public static GateOutcome Quality(IReadOnlyList<JudgedExample> examples, double margin, double discordant)
    {
        var right = examples.Select(e => (Candidate: Same(e.Candidate, e.Expected),
            Current: Same(e.Current, e.Expected))).ToList();
        var pairs = new PairedProportions(
            right.Count(r => r.Candidate && r.Current), right.Count(r => r.Candidate && !r.Current),
            right.Count(r => !r.Candidate && r.Current), right.Count(r => !r.Candidate && !r.Current));
        var needed = PairedProportions.Needed(margin, discordant, Confidence, Power);
        if (pairs.Count == 0)
        {
            return new GateOutcome("quality", GateVerdict.Undecided, $"no example; {needed} are needed",
                new JsonObject { ["needed"] = needed });
        }
        var interval = pairs.Difference(Confidence);
        var facts = new JsonObject
        {
            ["examples"] = pairs.Count,
            ["needed"] = needed,
            ["margin"] = margin,
            ["candidate_accuracy"] = pairs.Candidate,
            ["current_accuracy"] = pairs.Current,
            ["only_candidate"] = pairs.OnlyCandidate,
            ["only_current"] = pairs.OnlyCurrent,
            ["difference"] = interval.Point,
            ["difference_low"] = interval.Low,
            ["difference_high"] = interval.High,
            ["mcnemar_p"] = pairs.McNemar(),
        };
        var both = string.Create(CultureInfo.InvariantCulture,
            $"accuracy {100 * pairs.Candidate:0.0} % against {100 * pairs.Current:0.0} %:");
        return Judged(interval, margin, pairs.Count, needed, both, facts);
    }

    /// <summary>2, for scores in place of right and wrong: cluster bootstrap by group.</summary>
    public static GateOutcome Scores(
        IReadOnlyList<(string Group, double Candidate, double Current)> examples, double margin,
            int neededGroups, ulong seed)
    {
        var groups = examples.Select(e => e.Group).Distinct().Count();
        if (groups < 2)
        {
            return new GateOutcome("quality", GateVerdict.Undecided,
                $"{groups} groups; {neededGroups} are needed", new JsonObject());
        }
        var interval = ClusterBootstrap.Mean(
            [.. examples.Select(e => (e.Group, e.Candidate - e.Current))], Confidence, seed);
        var facts = new JsonObject
        {
            ["examples"] = examples.Count,
            ["groups"] = groups,
            ["needed_groups"] = neededGroups,
            ["margin"] = margin,
            ["difference"] = interval.Point,
            ["difference_low"] = interval.Low,
            ["difference_high"] = interval.High,
        };
        return Judged(interval, margin, groups, neededGroups, "score differs by", facts);
    }

    /// <summary>3. Examples that must be answered exactly.</summary>
    public static GateOutcome Regression(IReadOnlyList<JudgedExample> examples)
    {
        var wrong = examples.Where(e => !Same(e.Candidate, e.Expected)).ToList();
        var facts = new JsonObject { ["examples"] = examples.Count, ["wrong"] = wrong.Count };
        return wrong.Count == 0
            ? new GateOutcome("regression", GateVerdict.Passed,
                $"all {examples.Count} must-pass examples are right", facts)
            : new GateOutcome("regression", GateVerdict.Failed,
                $"{wrong.Count} of {examples.Count} must-pass examples are wrong; first: "
                    + $"{Short(wrong[0].Prompt)} gave "
                + $"{Short(wrong[0].Candidate)}, expected {Short(wrong[0].Expected)}", facts);
    }

    /// <summary>
    /// 4. Answers have their form: a label of the set, JSON of the schema, a refusal where one is due.
    /// </summary>
    /// <param name="fault">What is wrong with an answer; null when nothing is.</param>
    /// <param name="mostFaulty">Share of answers that may be wrong in form.</param>
    public static GateOutcome Format(IReadOnlyList<JudgedExample> examples, Func<string, string?> fault,
        double mostFaulty)
    {
        var faulty = examples.Select(e => (e, Fault: fault(e.Candidate))).Where(f => f.Fault is not null)
            .ToList();
        var facts = new JsonObject { ["examples"] = examples.Count, ["faulty"] = faulty.Count,
            ["most_faulty"] = mostFaulty };
        var text = $"{examples.Count - faulty.Count} of {examples.Count} answers have their form";
        if (examples.Count == 0)
            return new GateOutcome("format", GateVerdict.Undecided, "no example", facts);
        return faulty.Count <= mostFaulty * examples.Count
            ? new GateOutcome("format", GateVerdict.Passed, text, facts)
            : new GateOutcome("format", GateVerdict.Failed,
                $"{text}; first: {Short(faulty[0].e.Prompt)} gave {Short(faulty[0].e.Candidate)}, "
                    + $"{faulty[0].Fault}", facts);
    }

    /// <summary>
    /// 5. The promise is kept and the bill is lower, by the simulation of the task's own trace.
    /// </summary>
    /// <param name="promised">Per limit: its name, what was promised, and the candidate's interval,
    /// in one unit.</param>
    /// <param name="currentUsd">Of one request.</param>
    public static GateOutcome Saving(
        IReadOnlyList<(string Limit, double Promised, Interval Candidate)> promised, Interval currentUsd,
            Interval candidateUsd)
    {
        var facts = new JsonObject
        {
            ["current_usd_per_request"] = Finite(currentUsd.Point),
            ["candidate_usd_per_request"] = Finite(candidateUsd.Point),
            ["candidate_usd_high"] = Finite(candidateUsd.High),
            ["current_usd_low"] = Finite(currentUsd.Low),
        };
        foreach (var (limit, bound, candidate) in promised)
        {
            facts[limit] = candidate.Point;
            if (candidate.Low > bound)
            {
                return new GateOutcome("saving", GateVerdict.Failed,
                    FormattableString.Invariant($"{limit} is {candidate.Point:G3}, promised {bound:G3}"),
                    facts);
            }
        }
        var money = string.Create(CultureInfo.InvariantCulture,
            $"${1000 * candidateUsd.Point:G3} per 1,000 requests against ${1000 * currentUsd.Point:G3}");
        if (candidateUsd.Low > currentUsd.High)
            return new GateOutcome("saving", GateVerdict.Failed, $"{money}: dearer", facts);
        var open = promised.Where(p => p.Candidate.High > p.Promised).Select(p => p.Limit).ToList();
        if (open.Count > 0)
        {
            return new GateOutcome("saving", GateVerdict.Undecided,
                $"{money}; {string.Join(", ", open)} may break the promise", facts);
        }
        return candidateUsd.High < currentUsd.Low
            ? new GateOutcome("saving", GateVerdict.Passed, $"{money}, the promise kept", facts)
            : new GateOutcome("saving", GateVerdict.Undecided, $"{money}: the intervals overlap", facts);
    }

    static bool RunsOn(ParityExample example) => example.Engine.Count > example.Trainer.Count
        && example.Trainer.SequenceEqual(example.Engine.Take(example.Trainer.Count));

    // JSON has no infinity; what is not known is null.
    static double? Finite(double value) => double.IsFinite(value) ? value : null;

    static GateOutcome Judged(Interval interval, double margin, int count, int needed, string what,
        JsonObject facts)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{what} {100 * interval.Point:+0.0;-0.0;0.0} points "
                + $"({100 * interval.Low:+0.0;-0.0;0.0} to "
            + $"{100 * interval.High:+0.0;-0.0;0.0}), {100 * margin:0.#} may be lost");
        if (interval.High < -margin)
            return new GateOutcome("quality", GateVerdict.Failed, text, facts);
        if (count < needed)
        {
            return new GateOutcome("quality", GateVerdict.Undecided,
                $"{text}; {count} of the {needed} examples needed", facts);
        }
        return interval.Low > -margin
            ? new GateOutcome("quality", GateVerdict.Passed, text, facts)
            : new GateOutcome("quality", GateVerdict.Undecided, $"{text}; more examples are needed", facts);
    }

    static bool Same(string answer, string expected) =>
        string.Equals(answer.Trim(), expected.Trim(), StringComparison.Ordinal);

    static string Difference(ParityExample example)
    {
        var at = example.Trainer.Zip(example.Engine).TakeWhile(p => p.First == p.Second).Count();
        static string Token(IReadOnlyList<int> tokens, int at) =>
            at < tokens.Count ? tokens[at].ToString(CultureInfo.InvariantCulture) : "the end";
        return $"{Short(example.Prompt)} at token {at + 1}: trainer {Token(example.Trainer, at)}, engine "
            + $"{Token(example.Engine, at)}";
    }

    static string Short(string text)
    {
        var line = text.Replace('\n', ' ');
        return $"\"{(line.Length > 60 ? line[..60] + " ..." : line)}\"";
    }
}
