using System;
using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Ledger;

/// <summary>What one gateway pays of an engine's time in one round.</summary>
/// <param name="Id">The engine, as gateways know it of each other.</param>
/// <param name="Gateway">Whose share it is.</param>
/// <param name="Pico">Pico-dollars.</param>
public readonly record struct EngineShare(string Id, string Gateway, long Round, long Pico);

/// <summary>What became of a gateway's report.</summary>
/// <param name="Round">The round that it counts in.</param>
/// <param name="Shares">Rounds that are settled and not yet booked by this gateway.</param>
public readonly record struct EngineSettlement(long Round, IReadOnlyList<EngineShare> Shares);

/// <summary>
/// The time of engines that several gateways send to, split among them in the database that they share.
/// <code>
///   every gateway, twice a second:  its tokens of the round ──► engine_shares
///   whoever makes the round whole:  price × (now − settled), by tokens ──► engine_shares.pico
///   every gateway, when it looks:   its own shares ──► its book ──► postings; the share is struck out
/// </code>
/// A round is whole when every gateway that is alive has reported in it; it is closed once and in one
/// transaction, so what all gateways book is price × time to the pico-dollar. What a gateway that died has
/// not booked is booked as down.
/// </summary>
public sealed class SharedEngines(string gateway, Func<SqlBatch, long>? clock = null)
{
    /// <summary>A gateway that was not heard of for this long is not waited for.</summary>
    public const long LeaseUs = 5_000_000;

    const long UsPerHour = 3_600_000_000;

    readonly Func<SqlBatch, long> _clock = clock ?? (batch => batch.NowUs());

    readonly record struct EngineRow(long PicoPerHour, long BeganUs, long SettledUs, long Round)
    {
        public long BillAt(long us) => (long)((Int128)PicoPerHour * (us - BeganUs) / UsPerHour);

        /// <summary>What is not settled at a time; a clock that was set back settles nothing.</summary>
        public long Unsettled(long us) => us <= SettledUs ? 0 : BillAt(us) - BillAt(SettledUs);
    }

    /// <summary>This gateway, by a name that nobody else has.</summary>
    public string Gateway => gateway;

    /// <summary>Takes part in an engine's bill; time without any gateway is booked as down.</summary>
    public void Join(SqlBatch batch, EngineMeter meter, string release)
    {
        var id = meter.SharedId!;
        var now = _clock(batch);
        CheckOrder(batch, meter, now);
        batch.Execute(
            "INSERT INTO engines VALUES (@id, @engine, @address, @price, @now, @now, 0, 0) "
                + "ON CONFLICT (id) DO NOTHING",
            ("@id", id), ("@engine", meter.Name), ("@address", meter.Address), ("@price", meter.PicoPerHour),
            ("@now", now));
        var row = Read(batch, id);
        if (Alive(batch, id, now).Count == 0)
        {
            LedgerWriter.Post(batch, Down(meter, now, release), row.Unsettled(now));
            batch.Execute("DELETE FROM engine_shares WHERE id = @id AND pico IS NULL", ("@id", id));
            batch.Execute(
                "UPDATE engines SET closed_pico = closed_pico + @bill, began_us = @now, settled_us = @now, "
                    + "round = round + 1, pico_per_hour = @price WHERE id = @id",
                ("@bill", row.BillAt(Math.Max(now, row.SettledUs))), ("@now", Math.Max(now, row.SettledUs)),
                ("@price", meter.PicoPerHour), ("@id", id));
        }
        else if (row.PicoPerHour != meter.PicoPerHour)
        {
            throw new BadInputException(FormattableString.Invariant(
                $"{meter.Model}: {meter.UsdPerHour} USD per hour: another gateway on this ledger books ")
                + FormattableString.Invariant($"{row.PicoPerHour / 1e12:0.######}; expected one price"));
        }
        // Not of the round that runs: nobody waits for what it has not seen.
        Report(batch, id, now, row.Round - 1, isBusy: false);
    }

    /// <summary>
    /// Reports this gateway's tokens, closes the round if it is whole, and reads what is settled for it.
    /// </summary>
    /// <param name="weightIn">This gateway's weight in a round: all of it, so that a try that is made again
    /// counts once.</param>
    /// <param name="isBusy">Whether a request is out there: time without a token then waits for one.</param>
    public EngineSettlement Settle(
        SqlBatch batch, EngineMeter meter, Func<long, long> weightIn, bool isBusy, string release)
    {
        var id = meter.SharedId!;
        var now = _clock(batch);
        var row = Read(batch, id);
        var wasAway = !Alive(batch, id, now).ContainsKey(gateway);
        Report(batch, id, now, row.Round, isBusy);
        if (weightIn(row.Round) is > 0 and var weight)
        {
            batch.Execute(
                "INSERT INTO engine_shares VALUES (@id, @round, @gateway, @weight, NULL) ON CONFLICT "
                    + "(id, round, gateway) DO UPDATE SET weight = excluded.weight",
                ("@id", id), ("@round", row.Round), ("@gateway", gateway), ("@weight", weight));
        }
        var alive = Alive(batch, id, now);
        // Whoever was away itself, with the database or alone, gives the others the time to come back.
        if (!wasAway)
        {
            Close(batch, id, row, now, alive);
            BookOrphans(batch, meter, now, alive, release);
        }
        return new EngineSettlement(row.Round, batch.Query(
            "SELECT round, pico FROM engine_shares "
                + "WHERE id = @id AND gateway = @gateway AND pico IS NOT NULL ORDER BY round",
            reader => new EngineShare(id, gateway, reader.GetInt64(0), reader.GetInt64(1)),
            ("@id", id), ("@gateway", gateway)));
    }

    /// <summary>Nobody is to wait for this gateway any more.</summary>
    public void Leave(SqlBatch batch)
    {
        batch.Execute("DELETE FROM engine_gateways WHERE gateway = @gateway", ("@gateway", gateway));
        batch.Execute("DELETE FROM budget_leases WHERE gateway = @gateway", ("@gateway", gateway));
    }

    void Close(
        SqlBatch batch, string id, in EngineRow row, long now,
        Dictionary<string, (long Round, bool Busy)> alive)
    {
        var isBusy = false;
        foreach (var (round, busy) in alive.Values)
        {
            if (round < row.Round)
                return;
            isBusy |= busy;
        }
        var weights = batch.Query(
            "SELECT gateway, weight FROM engine_shares WHERE id = @id AND round = @round ORDER BY gateway",
            reader => (Gateway: reader.GetString(0), Weight: reader.GetInt64(1)),
            ("@id", id), ("@round", row.Round));
        var amount = row.Unsettled(now);
        if (amount == 0 || (weights.Count == 0 && isBusy))
            return;
        if (weights.Count == 0)
            weights.Add((gateway, 1));
        Int128 total = 0, seen = 0;
        foreach (var (_, weight) in weights)
            total += weight;
        long given = 0;
        foreach (var (whose, weight) in weights)
        {
            seen += weight;
            var upTo = (long)(amount * seen / total);
            batch.Execute(
                "INSERT INTO engine_shares VALUES (@id, @round, @gateway, @weight, @pico) ON CONFLICT "
                    + "(id, round, gateway) DO UPDATE SET pico = excluded.pico",
                ("@id", id), ("@round", row.Round), ("@gateway", whose), ("@weight", weight),
                ("@pico", upTo - given));
            given = upTo;
        }
        batch.Execute("UPDATE engines SET settled_us = @now, round = round + 1 WHERE id = @id",
            ("@now", now), ("@id", id));
    }

    /// <summary>What is settled for a gateway that is gone becomes time that was lost.</summary>
    static void BookOrphans(
        SqlBatch batch, EngineMeter meter, long now, Dictionary<string, (long Round, bool Busy)> alive,
        string release)
    {
        var settled = batch.Query(
            "SELECT gateway, round, pico FROM engine_shares WHERE id = @id AND pico IS NOT NULL",
            reader => new EngineShare(
                meter.SharedId!, reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)),
            ("@id", meter.SharedId));
        foreach (var share in settled)
        {
            if (!alive.ContainsKey(share.Gateway) && Strike(batch, share))
                LedgerWriter.Post(batch, Down(meter, now, release), share.Pico);
        }
    }

    /// <summary>
    /// Strikes a share out that is booked; false where it was booked as down meanwhile, because its gateway
    /// was not heard of.
    /// </summary>
    internal static bool Strike(SqlBatch batch, in EngineShare share) => batch.Change(
        "DELETE FROM engine_shares WHERE id = @id AND round = @round AND gateway = @gateway",
        ("@id", share.Id), ("@round", share.Round), ("@gateway", share.Gateway)) > 0;

    internal static LedgerKey Down(EngineMeter meter, long nowUs, string release) => new(
        meter.Name, nowUs / UsPerHour, LedgerAccounts.Down, "", "", "", "", release, false);

    void Report(SqlBatch batch, string id, long now, long round, bool isBusy) => batch.Execute(
        "INSERT INTO engine_gateways VALUES (@id, @gateway, @now, @round, @busy) ON CONFLICT (id, gateway) "
            + "DO UPDATE SET seen_us = excluded.seen_us, round = excluded.round, busy = excluded.busy",
        ("@id", id), ("@gateway", gateway), ("@now", now), ("@round", round), ("@busy", isBusy ? 1L : 0L));

    static Dictionary<string, (long Round, bool Busy)> Alive(SqlBatch batch, string id, long now)
    {
        var alive = new Dictionary<string, (long, bool)>(StringComparer.Ordinal);
        foreach (var (whose, round, busy) in batch.Query(
            "SELECT gateway, round, busy FROM engine_gateways WHERE id = @id AND seen_us > @since",
            reader => (reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2) != 0),
            ("@id", id), ("@since", now - LeaseUs)))
        {
            alive.Add(whose, (round, busy));
        }
        return alive;
    }

    static EngineRow Read(SqlBatch batch, string id) => batch.Query(
        "SELECT pico_per_hour, began_us, settled_us, round FROM engines WHERE id = @id",
        reader => new EngineRow(
            reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)),
        ("@id", id))[0];

    /// <summary>One engine under two names would be billed twice.</summary>
    static void CheckOrder(SqlBatch batch, EngineMeter meter, long now)
    {
        foreach (var other in batch.Query(
            "SELECT engine FROM engines JOIN engine_gateways ON engine_gateways.id = engines.id "
                + "WHERE address = @address AND engine <> @engine AND seen_us > @since",
            reader => reader.GetString(0),
            ("@address", meter.Address), ("@engine", meter.Name), ("@since", now - LeaseUs)))
        {
            if (EngineMeter.ModelOf(other) == meter.Model)
            {
                throw new BadInputException(
                    $"{meter.Name} at {meter.Address} is {other} for another gateway on this ledger; "
                        + "expected a model's upstreams in the same order");
            }
        }
    }
}
