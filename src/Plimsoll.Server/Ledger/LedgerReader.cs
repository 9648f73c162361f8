using System;
using System.Collections.Generic;
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
                + "prefill, decode, kv, requests, "
            + "prompt_tokens, cached_tokens, output_tokens FROM postings WHERE hour >= @from AND hour < "
            + "@until "
            + "ORDER BY hour, engine, account, tenant, level, model, adapter, release, estimated",
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
            },
            ("@from", fromHour), ("@until", untilHour));
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
        var bills = new SortedDictionary<string, Int128>(StringComparer.Ordinal);
        foreach (var (engine, price, posted, down) in sql.Query(
            "SELECT engine, pico_per_hour, posted_ns, down_pico FROM sessions",
            reader => (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3))))
        {
            bills[engine] = bills.GetValueOrDefault(engine) + ((Int128)price * posted / 3_600_000_000_000)
                + down;
        }
        var audits = new List<Audit>();
        foreach (var (engine, bill) in bills)
        {
            Int128 booked = 0;
            foreach (var total in sql.Query(
                "SELECT fixed + prefill + decode + kv FROM postings WHERE engine = @engine",
                reader => Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture),
                    ("@engine", engine)))
            {
                booked += total;
            }
            audits.Add(new Audit(engine, booked, bill));
        }
        return audits;
    }
}
