using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Tuning.Migration;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>The seven points of the migration report in sentences, for terminal and page.</summary>
static class MigrationText
{
    static readonly CultureInfo _culture = CultureInfo.InvariantCulture;

    public static IEnumerable<string> Lines(MigrationReport report)
    {
        var number = 1;
        foreach (var (title, text) in Points(report))
            yield return $"{number++}. {title}: {text}";
        foreach (var warning in report.Warnings)
            yield return $"Beware: {warning}.";
    }

    public static IEnumerable<(string Title, string Text)> Points(MigrationReport report)
    {
        var facts = report.Facts;
        yield return ("Now", Now(facts));
        yield return ("Candidate", Candidate(report));
        yield return ("One-off", OneOff(facts.OneOff));
        yield return ("Break-even", BreakEvenOf(report));
        yield return ("Shared API", SharedApi(report));
        yield return ("Cascade", CascadeOf(report));
        yield return ("Consolidation", ConsolidationOf(report));
    }

    /// <summary>Dollars of 1,000 requests.</summary>
    public static string PerThousand(double usd) => string.Create(_culture, $"${1000 * usd:G3}");

    static string PerThousand(ServingFacts serving) =>
        PerThousand(serving.Usd, serving.UsdLow, serving.UsdHigh);

    // A fleet that stands for its least size costs the same however long its steps are.
    static string PerThousand(double usd, double? low, double? high) => PerThousand(usd) + (
        End(low) == End(high) && low is not null ? " (whatever the steps' error)"
            : $" ({End(low)} to {End(high)})");

    static string End(double? usd) => usd is { } known ? PerThousand(known) : "no bound known";

    public static string Rounded(double? value) => value is not { } v ? "never"
        : v == 0 ? "0" : Round(v).ToString("N0", _culture);

    // Three digits; no more are known.
    static double Round(double value)
    {
        var scale = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Abs(value))) - 2));
        return Math.Round(value / scale) * scale;
    }

    static string Now(MigrationFacts facts)
    {
        var traffic = facts.Traffic;
        var cached = traffic.CachedShare is { } share
            ? $", {share.ToString("P0", _culture)} of them cached" : "";
        var paid = traffic.Usd is { } usd
            ? string.Create(_culture, $"; booked ${usd:G4}, {PerThousand(usd / traffic.Requests)} per 1,000")
            : "";
        return string.Create(_culture, $"{facts.Current.Model}; {Rounded(traffic.Requests)} requests in {
            traffic.Hours:0} h ({traffic.Source}), {traffic.PromptTokens / traffic.Requests:0} prompt{
            cached} and {traffic.OutputTokens / traffic.Requests:0} answer tokens each{paid}; simulated {
            PerThousand(facts.Current)} per 1,000 requests at {facts.Promise}");
    }

    static string Candidate(MigrationReport report)
    {
        var (facts, d) = (report.Facts, report.Difference);
        return string.Create(_culture, $"{facts.Candidate.Model} with the adapter; accuracy {
            100 * facts.Pairs.Candidate:0.0} % against {100 * facts.Pairs.Current:0.0} %, difference {
            100 * d.Point:+0.0;-0.0;0.0} points ({100 * d.Low:+0.0;-0.0;0.0} to {
            100 * d.High:+0.0;-0.0;0.0}) on {facts.Pairs.Count:N0} examples; {
            PerThousand(facts.Candidate)} per 1,000 requests at the same promise on the same trace, {
            facts.Candidate.Replicas} replicas {facts.Candidate.Utilisation:P0} used");
    }

    static string OneOff(OneOffCosts costs) => string.Create(_culture, $"${costs.Total:0.00}: labels ${
        costs.Labels:0.00}, training ${costs.Training:0.00}, evaluation ${costs.Evaluation:0.00}, shadow ${
        costs.Shadow:0.00}");

    static string BreakEvenOf(MigrationReport report)
    {
        var (even, saved) = (report.BreakEven, report.Saved);
        var when = even.Days is { } days ? string.Create(_culture, $", {days:G2} days of this traffic") : "";
        return $"{Rounded(even.Requests)} requests ({Rounded(even.Low)} to {Rounded(even.High)}){when}; "
            + $"{PerThousand(saved.Usd, saved.Low, saved.High)} saved per 1,000, "
            + "a wrong answer asked again of the current model";
    }

    static string SharedApi(MigrationReport report) => report.SharedApi is not { } api
        ? "no price given (--api-usd); not compared"
        : api.BelowRequestsPerHour is { } below
            ? string.Create(_culture, $"at {PerThousand(api.UsdPerRequest)} per 1,000 requests ({
                api.Source}) it stays cheaper below {Rounded(below)} requests an hour; this task has {
                Rounded(report.Facts.Traffic.RequestsPerHour)}")
            : $"at {PerThousand(api.UsdPerRequest)} per 1,000 requests ({api.Source}) it is always cheaper";

    static string CascadeOf(MigrationReport report)
    {
        var cascade = report.Cascade;
        return string.Create(_culture, $"{100 * cascade.FallbackShare:0} % of the requests kept on {
            report.Facts.Current.Model} hold the loss within {100 * report.Facts.Margin:0.#} points: {
            PerThousand(cascade.UsdPerRequest)} per 1,000, {(cascade.Saves ? "less" : "not less")} than now");
    }

    static string ConsolidationOf(MigrationReport report)
    {
        var c = report.Consolidation;
        return c.Adapters == 0
            ? "one replica does not carry this task alone in its busiest hour"
            : $"{Rounded(c.Adapters)} tasks of this size share one replica's base before the promise breaks, "
                + $"at {PerThousand(c.UsdPerRequestShared!.Value)} per 1,000 requests"
                + Spares(report.Facts.SpareReplicas);
    }

    static string Spares(int replicas) => replicas switch
    {
        0 => "",
        1 => ", the price of a spare replica included",
        _ => $", the price of {replicas} spare replicas included",
    };
}
