using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading.Tasks;
using Parquet;
using Parquet.Schema;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// A ledger's rows as CSV and as Parquet; as FOCUS: <see cref="FocusExport"/>.
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

    internal static void Line(TextWriter writer, params string[] fields)
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

    internal static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    internal static string Whole(long value) => value.ToString(CultureInfo.InvariantCulture);

    internal static string Usd(long pico) =>
        (pico / PicoPerDollar).ToString("0.000000000000", CultureInfo.InvariantCulture);
}
