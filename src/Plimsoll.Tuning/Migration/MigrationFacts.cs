using System.Collections.Generic;
using System.Linq;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Tuning.Migration;

/// <summary>What was measured of a task in production.</summary>
/// <param name="Source">ledger, or the workload that stands for the task.</param>
/// <param name="CachedShare">Of prompt tokens; null when not known.</param>
/// <param name="Usd">Of all those requests; null when the source has no money.</param>
public sealed record TrafficFacts(
    string Source, double Requests, double Hours, double PromptTokens, double OutputTokens,
    double? CachedShare, double? Usd)
{
    public double RequestsPerHour => Requests / Hours;
}

/// <summary>What one model costs at the promise on the task's trace.</summary>
/// <param name="Usd">Of one request; its ends from the steps' error.</param>
/// <param name="UsdHigh">Null: with steps as slow as they may be the promise is not kept at any
/// price.</param>
/// <param name="LoadLine">Requests per second of one replica.</param>
public sealed record ServingFacts(
    string Model, string Hardware, double Usd, double UsdLow, double? UsdHigh, double LoadLine,
    double Utilisation, int Replicas, double UsdPerReplicaHour, double? TtftP95Ms, double? ItlP95Ms,
    string Tier, string Price);

/// <summary>What the migration costs once, USD.</summary>
public sealed record OneOffCosts(double Labels, double Training, double Evaluation, double Shadow)
{
    public double Total => Labels + Training + Evaluation + Shadow;
}

/// <summary>List price of a shared endpoint, USD per million tokens, and whose it is.</summary>
public sealed record SharedApiPrice(double UsdPerMillionInput, double UsdPerMillionOutput, string Source);

/// <summary>Everything that the report rests on.</summary>
/// <param name="Pairs">Both models on the same examples.</param>
/// <param name="Margin">Accuracy that may be lost.</param>
/// <param name="PeakOverMean">Busiest hour's demand over the mean.</param>
/// <param name="AdapterOverhead">Longer steps with the adapter beside its base.</param>
/// <param name="StandsFor">Where the accuracy is another model's than the money: which. Null where they are
/// the same.</param>
/// <param name="OtherTraffic">Where the money is of other requests than those that were counted: how. Null
/// where they are the same.</param>
public sealed record MigrationFacts(
    string Task, TrafficFacts Traffic, ServingFacts Current, ServingFacts Candidate, PairedProportions Pairs,
    double Margin, OneOffCosts OneOff, SharedApiPrice? SharedApi, double PeakOverMean, int SpareReplicas,
    double AdapterOverhead, string Promise,
    string? StandsFor = null, string? OtherTraffic = null)
{
    /// <summary>What a reader must know before any figure.</summary>
    public IEnumerable<string> Warnings => new[] { StandsFor, OtherTraffic }.OfType<string>();
}
