using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Draws;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tuning.Migration;

/// <summary>
/// What moving a task to a smaller model is worth: seven answers, each from the facts and from nothing else.
/// </summary>
/// <param name="Facts">(1) and (3): what was measured, what it costs once.</param>
/// <param name="Difference">(2) Accuracy of the candidate minus the current's, 95 % one-sided ends.</param>
/// <param name="Saved">Of one request, a failed one answered by the current model.</param>
/// <param name="BreakEven">(4) Requests after which the migration has paid.</param>
/// <param name="SharedApi">(5) Null without a price to compare with.</param>
/// <param name="Cascade">(6)</param>
/// <param name="Consolidation">(7)</param>
public sealed record MigrationReport(
    MigrationFacts Facts, Interval Difference, Saved Saved, BreakEven BreakEven,
    SharedApiLine? SharedApi, Cascade Cascade, Consolidation Consolidation)
{
    /// <summary>What a reader must know before any figure.</summary>
    public IEnumerable<string> Warnings => SharedApi?.IsCheaperAt(Facts.Traffic.RequestsPerHour) == true
        ? Facts.Warnings.Append("the shared endpoint is cheaper than the candidate at what this task asks")
        : Facts.Warnings;

    const int Draws = 4000;
    const double NormalEnd = 1.6448536269514722;

    public static MigrationReport Of(MigrationFacts facts, ulong seed)
    {
        var difference = facts.Pairs.Difference(Gates.Confidence);
        var (saved, breakEven) = Money(facts, seed);
        return new MigrationReport(
            facts, difference, saved, breakEven, SharedApiLine.Of(facts), Cascade.Of(facts, difference),
            Consolidation.Of(facts));
    }

    // Every draw takes its own steps' error for both fleets and its own sample of examples; the one-off cost
    // is what was paid or is quoted, and is not drawn.
    static (Saved Saved, BreakEven BreakEven) Money(MigrationFacts facts, ulong seed)
    {
        var random = new RandomStream(seed, purpose: 0xbe);
        var saved = new double[Draws];
        for (var draw = 0; draw < Draws; draw++)
        {
            // An end that is not known speaks against the migration: what the current model costs is then
            // no more than its point, what the candidate costs has no bound.
            var current = Drawn(facts.Current, facts.Current.Usd, random.NextNormal());
            var candidate = Drawn(facts.Candidate, double.PositiveInfinity, random.NextNormal());
            saved[draw] = current - candidate - FailedAgain(facts.Pairs, ref random) * current;
        }
        Array.Sort(saved);
        var share = facts.Pairs.Count == 0 ? 1 : facts.Pairs.OnlyCurrent / (double)facts.Pairs.Count;
        var point = facts.Current.Usd - facts.Candidate.Usd - share * facts.Current.Usd;
        var (low, high) = (At(saved, 0.05), At(saved, 0.95));
        return (new Saved(point, double.IsFinite(low) ? low : null, double.IsFinite(high) ? high : null),
            new BreakEven(Requests(facts, point), Requests(facts, high), Requests(facts, low),
                facts.Traffic.RequestsPerHour));
    }

    static double? Requests(MigrationFacts facts, double savedUsd) =>
        savedUsd > 0 ? facts.OneOff.Total / savedUsd : null;

    // A wrong answer where the current model has it right is asked again of the current model.
    static double FailedAgain(PairedProportions pairs, ref RandomStream random)
    {
        if (pairs.Count == 0)
            return 1;
        var failed = 0;
        for (var i = 0; i < pairs.Count; i++)
            failed += random.NextBelow(pairs.Count) < pairs.OnlyCurrent ? 1 : 0;
        return failed / (double)pairs.Count;
    }

    // Log-normal on either side of the point, with the interval's ends at 5 and 95 %.
    static double Drawn(ServingFacts serving, double unknownHigh, double normal)
    {
        var end = normal < 0 ? serving.UsdLow : serving.UsdHigh ?? unknownHigh;
        return double.IsFinite(end)
            ? serving.Usd * Math.Pow(end / serving.Usd, Math.Abs(normal) / NormalEnd) : end;
    }

    static double At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];
}

/// <summary>USD of one request; an end is null where it has no bound.</summary>
public sealed record Saved(double Usd, double? Low, double? High);

/// <summary>Requests after which the one-off cost has come back; null: never at that end.</summary>
public sealed record BreakEven(double? Requests, double? Low, double? High, double RequestsPerHour)
{
    public double? Days => Requests / RequestsPerHour / 24;
}

/// <summary>Where a shared endpoint's price per token beats a fleet of one's own.</summary>
/// <param name="UsdPerRequest">Of the shared endpoint.</param>
/// <param name="BelowRequestsPerHour">Below this demand it stays cheaper; infinite demand when null.</param>
public sealed record SharedApiLine(double UsdPerRequest, double? BelowRequestsPerHour, string Source)
{
    public bool IsCheaperAt(double requestsPerHour) => !(requestsPerHour >= BelowRequestsPerHour);

    internal static SharedApiLine? Of(MigrationFacts facts)
    {
        if (facts.SharedApi is not { } price)
            return null;
        var traffic = facts.Traffic;
        var usd = (traffic.PromptTokens * price.UsdPerMillionInput
            + traffic.OutputTokens * price.UsdPerMillionOutput) / traffic.Requests / 1e6;
        return new SharedApiLine(usd, Below(facts, usd), price.Source);
    }

    // Fleets grow by whole replicas, so the first demand at which one's own is cheaper is looked for size by
    // size: the largest demand that each size carries is where it is cheapest.
    static double? Below(MigrationFacts facts, double usdPerRequest)
    {
        const int MostReplicas = 1000;
        var own = facts.Candidate;
        for (var replicas = 1; replicas <= MostReplicas; replicas++)
        {
            var usdPerHour = (replicas + facts.SpareReplicas) * own.UsdPerReplicaHour;
            var carried = replicas * own.LoadLine * 3600 / facts.PeakOverMean / facts.AdapterOverhead;
            var needed = usdPerHour / usdPerRequest;
            if (needed <= carried)
                return needed;
        }
        return null;
    }
}

/// <summary>
/// A share of the requests goes to the current model as before, drawn without looking: the least that keeps
/// the loss of accuracy inside the margin.
/// </summary>
/// <param name="FallbackShare">0 to 1.</param>
/// <param name="Saves">Whether that costs less than the current model alone.</param>
public sealed record Cascade(double FallbackShare, double UsdPerRequest, bool Saves)
{
    internal static Cascade Of(MigrationFacts facts, Interval difference)
    {
        // Of a share s that stays, nothing is lost; of the rest, what the interval allows.
        var share = difference.Low >= -facts.Margin ? 0 : 1 - facts.Margin / -difference.Low;
        var usd = (1 - share) * facts.Candidate.Usd + share * facts.Current.Usd;
        return new Cascade(share, usd, usd < facts.Current.Usd);
    }
}

/// <summary>How many tasks of this size, each with its own adapter, one replica's base carries.</summary>
/// <param name="Adapters">At most, before the promise breaks in the busiest hour.</param>
/// <param name="UsdPerRequestShared">With so many on the smallest fleet.</param>
public sealed record Consolidation(int Adapters, double? UsdPerRequestShared)
{
    internal static Consolidation Of(MigrationFacts facts)
    {
        var each = facts.Traffic.RequestsPerHour / 3600 * facts.PeakOverMean * facts.AdapterOverhead;
        var adapters = (int)Math.Min(100_000, facts.Candidate.LoadLine / each);
        var usdPerHour = (1 + facts.SpareReplicas) * facts.Candidate.UsdPerReplicaHour;
        return new Consolidation(
            adapters, adapters == 0 ? null : usdPerHour / (adapters * facts.Traffic.RequestsPerHour));
    }
}
