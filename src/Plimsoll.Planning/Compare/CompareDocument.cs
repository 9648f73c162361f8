using System.Collections.Generic;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Plimsoll.Planning.Compare;

/// <summary>A comparison as it is published: <c>docs/reference/compare.schema.json</c>.</summary>
/// <param name="Schema">Its name.</param>
/// <param name="Class"><c>interactive</c> or <c>batch</c>.</param>
/// <param name="From">The first side.</param>
/// <param name="To">The second.</param>
/// <param name="Change">Of the cost of a million tokens.</param>
/// <param name="Drivers">They sum to the change to the pico-dollar.</param>
/// <param name="Simulated">Sets of drivers that were simulated.</param>
/// <param name="Notes">What was done to the workloads as they were read.</param>
public sealed record CompareDocument(
    string Schema, string Class, CompareSide From, CompareSide To, CompareChange Change,
    IReadOnlyList<CompareDriver> Drivers, int Simulated, IReadOnlyList<string> Notes)
{
    public const string Name = "plimsoll/compare/1";

    public string Write() => JsonSerializer.Serialize(
        this, new CompareJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }).CompareDocument) + "\n";
}

/// <summary>One side; a high end of null has no bound.</summary>
public sealed record CompareSide(
    string Model, string Gpu, int Tp, int Pp, int Ep, int Dp, string Weights, string Kv, string Engine,
    string Workload, IReadOnlyList<string> Promise, double UsdPerGpuHour, string? PriceAsOf,
    string PriceSource, decimal UsdPerMillionTokens, decimal Low, decimal? High, string Tier);

/// <summary>USD per million tokens, and the second over the first.</summary>
public sealed record CompareChange(
    decimal UsdPerMillionTokens, decimal? Low, decimal? High, double Ratio, double RatioLow,
    double? RatioHigh);

/// <summary>What one difference changes.</summary>
/// <param name="Name">Of the driver.</param>
/// <param name="From">What it was.</param>
/// <param name="To">What it is.</param>
/// <param name="UsdPerMillionTokens">Shapley value over all orders.</param>
/// <param name="Low">Of its 90 % interval; null where it has no bound.</param>
/// <param name="High">Of its 90 % interval; null where it has no bound.</param>
/// <param name="InThisOrder">What it changes where the drivers change one after another as listed.</param>
public sealed record CompareDriver(
    string Name, string From, string To, decimal UsdPerMillionTokens, decimal? Low, decimal? High,
    decimal InThisOrder);

[JsonSerializable(typeof(CompareDocument))]
sealed partial class CompareJsonContext : JsonSerializerContext;
