using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Claims;

/// <summary>The claims of the essay and one of a reader's, each tried on the same ground.</summary>
public static class ClaimsBook
{
    const double Claims = 16;

    public const string Schema = "plimsoll/claims/1";

    /// <summary>All of them, in order.</summary>
    public static ClaimsDocument Of(
        ModelSpec large, ModelSpec small, AcceleratorSpec card, string? date, Workload workload,
        IReadOnlyList<Limit> promise, Action<double>? progress = null)
    {
        var setting = new ClaimsSetting(new ClaimCosts(workload, promise), large, small, card, date);
        var claims = new List<ClaimRow>();
        foreach (var claim in HardwareClaims.Of(setting).Concat(ServingClaims.Of(setting))
            .Concat(MarketClaims.Of(setting)))
        {
            claims.Add(claim);
            progress?.Invoke(claims.Count / Claims);
        }
        return new ClaimsDocument(
            Schema,
            new ClaimsGround(
                large.Name, small.Name, card.Name, date, workload.Name, [.. promise.Select(PromiseText.Of)]),
            [.. claims.OrderBy(claim => claim.Number)]);
    }

    public static string Json(ClaimsDocument document) => JsonSerializer.Serialize(
        document, new ClaimsJsonContext(new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }).ClaimsDocument) + "\n";
}

[JsonSerializable(typeof(ClaimsDocument))]
sealed partial class ClaimsJsonContext : JsonSerializerContext;
