using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Parquet;
using Parquet.Schema;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// A ledger's rows as CSV, as FOCUS 1.2 (idle and headroom rows of their own), and as Parquet.
/// </summary>
public static class LedgerExport
{
    const decimal PicoPerDollar = 1_000_000_000_000m;

    public static void Csv(TextWriter writer, IReadOnlyList<LedgerRow> rows)
    {
        writer.Write(
            "hour_utc,engine,account,tenant,level,model,adapter,release,estimated,requests,prompt_tokens,"
            + "cached_tokens,output_tokens,draft_tokens,accepted_tokens,usd_fixed,usd_prefill,usd_decode,"
            + "usd_kv,usd_total\n");
        foreach (var row in rows)
        {
            Line(writer, Hour(row.Hour), row.Engine, row.Account, row.Tenant, row.Level, row.Model,
                row.Adapter,
                row.Release, row.Estimated ? "true" : "false", Whole(row.Requests), Whole(row.PromptTokens),
                Whole(row.CachedTokens), Whole(row.OutputTokens), Whole(row.DraftTokens),
                Whole(row.AcceptedTokens), Usd(row.Fixed), Usd(row.Prefill), Usd(row.Decode), Usd(row.Kv),
                Usd(row.Total));
        }
    }

    /// <summary>
    /// The FinOps Open Cost and Usage Specification 1.2: every mandatory column, and of the others those that
    /// an engine's hour has. A replica is a capacity reservation: what nobody used of it is <c>Unused</c>.
    /// </summary>
    /// <param name="picoPerHour">Price of an engine, pico-dollars an hour; null: not known.</param>
    public static void Focus(
        TextWriter writer, IReadOnlyList<LedgerRow> rows, Func<string, long?> picoPerHour)
    {
        writer.Write(
            "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
            + "BillingPeriodStart,CapacityReservationId,CapacityReservationStatus,ChargeCategory,ChargeClass,"
            + "ChargeDescription,ChargeFrequency,ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,"
            + "ConsumedUnit,ContractedCost,EffectiveCost,InvoiceIssuerName,ListCost,PricingCategory,"
            + "PricingQuantity,PricingUnit,ProviderName,PublisherName,ResourceId,ResourceName,"
            + "ResourceType,ServiceCategory,ServiceName,"
            + "ServiceSubcategory,SkuId,SubAccountId,SubAccountName,Tags\n");
        foreach (var row in rows)
        {
            var start = DateTimeOffset.FromUnixTimeSeconds(row.Hour * 3600);
            var month = new DateTimeOffset(start.Year, start.Month, 1, 0, 0, 0, TimeSpan.Zero);
            var served = row.Account == LedgerAccounts.Served;
            var cost = Usd(row.Total);
            var hours = picoPerHour(row.Engine) is > 0 and var price
                ? ((decimal)row.Total / price).ToString("0.000000000000", CultureInfo.InvariantCulture) : "";
            Line(writer, cost, "plimsoll", "plimsoll serve", "USD", Time(month.AddMonths(1)), Time(month),
                row.Engine, served ? "Used" : "Unused", "Usage", "",
                served ? $"{row.Model} at level {row.Level}" : $"{row.Account} time of {row.Engine}",
                "Usage-Based", Time(start.AddHours(1)), Time(start),
                served ? Whole(row.PromptTokens + row.OutputTokens) : "", served ? "Tokens" : "", cost, cost,
                "Plimsoll", cost, "Standard", hours, hours.Length > 0 ? "Hours" : "", "Plimsoll", "Plimsoll",
                row.Engine, row.Engine, "Engine replica", "AI and Machine Learning", "Model serving",
                "Generative AI", $"{row.Engine} {row.Account}", row.Tenant, row.Tenant, Tags(row));
        }
    }

    /// <summary>What FOCUS has no column for.</summary>
    static string Tags(LedgerRow row)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, WireJson.Options))
        {
            json.WriteStartObject();
            json.WriteString("level"u8, row.Level);
            json.WriteString("adapter"u8, row.Adapter);
            json.WriteString("release"u8, row.Release);
            json.WriteString("account"u8, row.Account);
            json.WriteString("allocation_method"u8, row.Estimated ? "estimated"u8 : "step"u8);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static async Task ParquetAsync(Stream stream, IReadOnlyList<LedgerRow> rows)
    {
        var texts = new (string Name, Func<LedgerRow, string> Of)[]
        {
            ("hour_utc", row => Hour(row.Hour)), ("engine", row => row.Engine),
                ("account", row => row.Account),
            ("tenant", row => row.Tenant), ("level", row => row.Level), ("model", row => row.Model),
            ("adapter", row => row.Adapter), ("release", row => row.Release),
        };
        var numbers = new (string Name, Func<LedgerRow, long> Of)[]
        {
            ("estimated", row => row.Estimated ? 1 : 0), ("requests", row => row.Requests),
            ("prompt_tokens", row => row.PromptTokens), ("cached_tokens", row => row.CachedTokens),
            ("output_tokens", row => row.OutputTokens), ("draft_tokens", row => row.DraftTokens),
            ("accepted_tokens", row => row.AcceptedTokens), ("pico_usd_fixed", row => row.Fixed),
            ("pico_usd_prefill", row => row.Prefill), ("pico_usd_decode", row => row.Decode),
                ("pico_usd_kv", row => row.Kv),
        };
        var fields = new List<Field>();
        foreach (var (name, _) in texts)
            fields.Add(new DataField<string>(name));
        foreach (var (name, _) in numbers)
            fields.Add(new DataField<long>(name));
        var schema = new ParquetSchema(fields);
        await using var writer = await ParquetWriter.CreateAsync(schema, stream);
        using var group = writer.CreateRowGroup();
        var column = 0;
        foreach (var (_, of) in texts)
            await group.WriteAsync(schema.DataFields[column++], Column(rows, of));
        foreach (var (_, of) in numbers)
            await group.WriteAsync<long>(schema.DataFields[column++], Column(rows, of));
    }

    static T[] Column<T>(IReadOnlyList<LedgerRow> rows, Func<LedgerRow, T> of)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = of(rows[i]);
        return values;
    }

    static void Line(TextWriter writer, params string[] fields)
    {
        var line = new StringBuilder();
        for (var i = 0; i < fields.Length; i++)
        {
            var field = fields[i];
            if (i > 0)
                line.Append(',');
            line.Append(field.AsSpan().IndexOfAny(",\"\n\r") >= 0 ? $"\"{field.Replace("\"", "\"\"")}\""
                : field);
        }
        writer.Write(line.Append('\n'));
    }

    static string Hour(long hour) => Time(DateTimeOffset.FromUnixTimeSeconds(hour * 3600));

    static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Usd(long pico) =>
        (pico / PicoPerDollar).ToString("0.000000000000", CultureInfo.InvariantCulture);
}
