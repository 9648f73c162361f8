using System;
using System.Collections.Generic;
using System.Data.Common;
using System.Globalization;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Ledger;

/// <summary>Reads a ledger, and audits it: everything booked on an engine against price × time.</summary>
public static class LedgerReader
{
    /// <param name="database">The ledger.</param>
    /// <param name="fromHour">First hour, since 1970.</param>
    /// <param name="untilHour">The hour after the last.</param>
    public static IReadOnlyList<LedgerRow> Rows(Database database, long fromHour = 0, long untilHour =
        long.MaxValue)
    {
        using var connection = database.Connect();
        return SqlBatch.Reading(connection).Query(
            "SELECT engine, hour, account, tenant, level, model, adapter, release, estimated, fixed, "
                + "prefill, decode, kv, requests, prompt_tokens, cached_tokens, output_tokens, "
                + "draft_tokens, accepted_tokens FROM postings "
                + "WHERE hour >= @from AND hour < @until ORDER BY hour, engine, account, tenant, level, "
                + "model, adapter, release, estimated",
            reader => new LedgerRow
            {
                Engine = reader.GetString(0),
                Hour = reader.GetInt64(1),
                Account = reader.GetString(2),
                Tenant = reader.GetString(3),
                Level = reader.GetString(4),
                Model = reader.GetString(5),
                Adapter = reader.GetString(6),
                Release = reader.GetString(7),
                Estimated = reader.GetInt64(8) != 0,
                Fixed = reader.GetInt64(9),
                Prefill = reader.GetInt64(10),
                Decode = reader.GetInt64(11),
                Kv = reader.GetInt64(12),
                Requests = reader.GetInt64(13),
                PromptTokens = reader.GetInt64(14),
                CachedTokens = reader.GetInt64(15),
                OutputTokens = reader.GetInt64(16),
                DraftTokens = reader.GetInt64(17),
                AcceptedTokens = reader.GetInt64(18),
            },
            ("@from", fromHour), ("@until", untilHour));
    }

    /// <summary>Each engine's prices over time.</summary>
    public static EnginePrices Prices(Database database)
    {
        using var connection = database.Connect();
        var prices = new EnginePrices();
        foreach (var (engine, price, fromUs, untilUs) in SqlBatch.Reading(connection).Query(
            "SELECT engine, pico_per_hour, started_us, started_us + posted_ns / 1000 FROM sessions UNION ALL "
                + "SELECT engine, pico_per_hour, began_us, settled_us FROM engines ORDER BY 3",
            reader => (reader.GetString(0), reader.GetInt64(1), Number(reader, 2), Number(reader, 3))))
        {
            prices.Add(engine, fromUs, untilUs, price);
        }
        return prices;
    }

    /// <summary>One engine's postings beside its bill.</summary>
    public readonly record struct Audit(string Engine, Int128 Posted, Int128 Bill)
    {
        public bool Balances => Posted == Bill;
    }

    public static IReadOnlyList<Audit> Check(Database database)
    {
        using var connection = database.Connect();
        var sql = SqlBatch.Reading(connection);
        var sums = new SortedDictionary<string, (Int128 Posted, Int128 Bill)>(StringComparer.Ordinal);
        // One statement sees one moment, though the server may be writing.
        var rows = sql.Query(
            "SELECT 0, engine, pico_per_hour, posted_ns, down_pico FROM sessions "
            + "UNION ALL SELECT 0, engine, pico_per_hour, (settled_us - began_us) * 1000, "
            + "closed_pico FROM engines "
            + "UNION ALL SELECT 1, engine, pico, 0, 0 FROM engine_shares JOIN engines ON engines.id = "
            + "engine_shares.id WHERE pico IS NOT NULL "
            + "UNION ALL SELECT 1, engine, fixed + prefill + decode + kv, 0, 0 FROM postings",
            reader => (IsPosting: Number(reader, 0) == 1, Engine: reader.GetString(1),
                Amount: Number(reader, 2),
                PostedNs: Number(reader, 3), Down: Number(reader, 4)));
        foreach (var row in rows)
        {
            var (posted, bill) = sums.GetValueOrDefault(row.Engine);
            sums[row.Engine] = row.IsPosting
                ? (posted + row.Amount, bill)
                : (posted, bill + ((Int128)row.Amount * row.PostedNs / 3_600_000_000_000) + row.Down);
        }
        var audits = new List<Audit>();
        foreach (var (engine, (posted, bill)) in sums)
            audits.Add(new Audit(engine, posted, bill));
        return audits;
    }

    static long Number(DbDataReader reader, int column) =>
        Convert.ToInt64(reader.GetValue(column), CultureInfo.InvariantCulture);
}
