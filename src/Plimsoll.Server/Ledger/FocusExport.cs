using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// A ledger's rows as the FinOps Open Cost and Usage Specification 1.2 has them: every mandatory column, and
/// of the others those that an engine's hour has. A replica is a capacity reservation, priced by the hour:
/// what nobody used of it is <c>Unused</c>.
/// </summary>
public static class FocusExport
{
    static readonly string[] _columns =
    [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd",
        "BillingPeriodStart", "CapacityReservationId", "CapacityReservationStatus", "ChargeCategory",
        "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart",
        "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost",
        "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
        "ProviderName", "PublisherName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory",
        "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId", "SubAccountId",
        "SubAccountName", "Tags",
    ];

    public static void Write(TextWriter writer, IReadOnlyList<LedgerRow> rows, EnginePrices prices)
    {
        LedgerExport.Line(writer, _columns);
        foreach (var row in rows)
            LedgerExport.Line(writer, Fields(row, prices));
    }

    static string[] Fields(LedgerRow row, EnginePrices prices)
    {
        var start = DateTimeOffset.FromUnixTimeSeconds(row.Hour * 3600);
        var month = new DateTimeOffset(start.Year, start.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var served = row.Account == LedgerAccounts.Served;
        var used = served || row.Account == LedgerAccounts.Recomputed;
        var cost = LedgerExport.Usd(row.Total);
        var price = prices.At(row.Engine, row.Hour, row.Account == LedgerAccounts.Down)
            ?? throw new InvalidDataException($"engine {row.Engine}: no price in the ledger");
        var unit = LedgerExport.Usd(price);
        return
        [
            cost, "plimsoll", "plimsoll serve", "USD", LedgerExport.Time(month.AddMonths(1)),
            LedgerExport.Time(month), row.Engine, used ? "Used" : "Unused", "Usage", "",
            served ? $"{row.Model} at level {row.Level}" : $"{row.Account} time of {row.Engine}",
            "Usage-Based", LedgerExport.Time(start.AddHours(1)), LedgerExport.Time(start),
            LedgerExport.Whole(row.PromptTokens + row.OutputTokens), "Tokens", cost, unit, cost, "Plimsoll",
            cost, unit, "Standard", Hours(row.Total, price), "Hours", "Plimsoll", "Plimsoll", row.Engine, "",
            "Engine replica", "AI and Machine Learning", "Model serving", "Generative AI", row.Engine,
            "Engine hours", $"{row.Engine} at {unit}", row.Tenant, row.Tenant, Tags(row),
        ];
    }

    /// <summary>So many decimals that times a price below a thousand dollars they are the cost, to the
    /// pico-dollar.</summary>
    static string Hours(long pico, long picoPerHour) =>
        ((decimal)pico / picoPerHour).ToString("0.000000000000000", CultureInfo.InvariantCulture);

    /// <summary>What FOCUS has no column for, under a prefix of ours as it wants a provider's tags.</summary>
    static string Tags(LedgerRow row)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, WireJson.Options))
        {
            json.WriteStartObject();
            Tag(json, "plimsoll/level", row.Level);
            Tag(json, "plimsoll/adapter", row.Adapter);
            Tag(json, "plimsoll/release", row.Release);
            Tag(json, "plimsoll/account", row.Account);
            Tag(json, "plimsoll/allocation_method", row.Estimated ? "estimated" : "step");
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    static void Tag(Utf8JsonWriter json, string name, string value)
    {
        if (value.Length > 0)
            json.WriteString(name, value);
    }
}
