using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Costing;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// Writes the book out twice a second, sums and single requests in one transaction with how far each meter
/// is, so that what is on disk always sums to price × time up to there. Time that an earlier life left
/// unbooked is booked as down when the next one begins.
/// </summary>
public sealed class LedgerWriter : IAsyncDisposable
{
    const string UpsertPosting = """
        INSERT INTO postings (engine, hour, account, tenant, level, model, adapter, release, estimated,
            fixed, prefill, decode, kv, requests, prompt_tokens, cached_tokens, output_tokens, draft_tokens,
            accepted_tokens)
        VALUES (@engine, @hour, @account, @tenant, @level, @model, @adapter, @release, @estimated,
            @fixed, @prefill, @decode, @kv, @requests, @prompt, @cached, @output, @drafts, @accepted)
        ON CONFLICT (engine, hour, account, tenant, level, model, adapter, release, estimated) DO UPDATE SET
            fixed = postings.fixed + excluded.fixed, prefill = postings.prefill + excluded.prefill,
            decode = postings.decode + excluded.decode, kv = postings.kv + excluded.kv,
            requests = postings.requests + excluded.requests,
            prompt_tokens = postings.prompt_tokens + excluded.prompt_tokens,
            cached_tokens = postings.cached_tokens + excluded.cached_tokens,
            output_tokens = postings.output_tokens + excluded.output_tokens,
            draft_tokens = postings.draft_tokens + excluded.draft_tokens,
            accepted_tokens = postings.accepted_tokens + excluded.accepted_tokens
        """;

    const string InsertRequest = """
        INSERT INTO requests (id, at_us, tenant, level, model, adapter, release, status, estimated, prompt_tokens,
            cached_tokens, output_tokens, draft_tokens, accepted_tokens, fixed, prefill, decode, kv, ttft_ns, e2e_ns, worst_itl_ns, kept)
        VALUES (@id, @at, @tenant, @level, @model, @adapter, @release, @status, @estimated, @prompt, @cached, @output,
            @drafts, @accepted, @fixed, @prefill, @decode, @kv, @ttft, @e2e, @itl, @kept)
        ON CONFLICT (id) DO NOTHING
        """;

    /// <summary>How long it waits for other gateways to settle what it has reported.</summary>
    static readonly TimeSpan _betweenLooks = TimeSpan.FromMilliseconds(250);
    const int LastLooks = 8;

    readonly LedgerBook _book;
    readonly GroupCommit _commit;
    readonly Func<Task> _beforeFlush;
    readonly BudgetLeases? _leases;
    readonly Func<bool> _isOwed;
    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _one = new(1);
    readonly Task _loop;

    /// <param name="book">What is written.</param>
    /// <param name="commit">Who writes.</param>
    /// <param name="beforeFlush">Books idle time up to now.</param>
    /// <param name="period">Between two writes.</param>
    /// <param name="leases">Keeps budgets with other gateways on the database; null where there are
    /// none.</param>
    /// <param name="isOwed">Whether other gateways have yet to settle what this one has reported.</param>
    public LedgerWriter(
        LedgerBook book, GroupCommit commit, Func<Task> beforeFlush, TimeSpan period,
        BudgetLeases? leases = null, Func<bool>? isOwed = null)
    {
        _isOwed = isOwed ?? (() => false);
        _book = book;
        _commit = commit;
        _beforeFlush = beforeFlush;
        _leases = leases;
        _loop = LoopAsync(period);
    }

    /// <summary>
    /// Opens the sessions of this life; what lies between them and the last life's records is booked as down.
    /// </summary>
    /// <param name="shared">Through whom engines are shared with other gateways; null where none is.</param>
    public static void Begin(
        LedgerBook book, Database database, TimeProvider time, SharedEngines? shared = null)
    {
        using var connection = database.Connect();
        using var transaction = connection.BeginTransaction();
        var batch = new SqlBatch(connection, transaction);
        batch.LockOut();
        foreach (var meter in book.Meters)
        {
            if (meter.SharedId is not null)
            {
                shared!.Join(batch, meter, book.Release);
                continue;
            }
            BookDown(batch, meter, book.Release);
            batch.Execute(
                "INSERT INTO sessions VALUES (@id, @engine, @price, @started, 0, 0)",
                ("@id", meter.SessionId), ("@engine", meter.Name), ("@price", meter.PicoPerHour),
                ("@started", Microseconds(meter.StartedUtc)));
        }
        var today = time.GetUtcNow().ToUnixTimeSeconds() / 86_400;
        foreach (var (tenant, amount) in SpentSince(batch, today))
            book.Remember(tenant, today, amount);
        batch.Flush();
        transaction.Commit();
    }

    /// <summary>Pico-dollars by tenant, of all who write to the database, since a day began.</summary>
    internal static Dictionary<string, long> SpentSince(SqlBatch batch, long day)
    {
        var spent = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (tenant, amount) in batch.Query(
            "SELECT tenant, SUM(fixed + prefill + decode + kv) FROM postings WHERE account = 'served' AND "
                + "hour >= @from GROUP BY tenant",
            reader => (
                reader.GetString(0), Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture)),
            ("@from", day * 24)))
        {
            spent[tenant] = amount;
        }
        return spent;
    }

    /// <summary>Writes what is booked now; throws when it cannot be written and keeps it.</summary>
    public async Task FlushAsync()
    {
        await _one.WaitAsync();
        try
        {
            await _beforeFlush();
            var before = _leases?.Begin();
            var delta = _book.Take();
            try
            {
                await _commit.WriteAsync(batch =>
                {
                    Write(batch, delta, _book.Release);
                    before?.Settle(batch);
                });
            }
            catch
            {
                _book.Return(delta);
                throw;
            }
            before?.Apply();
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await EndAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The database is away for good; the next life books the time as down.
        }
        _stop.Dispose();
        _one.Dispose();
    }

    async Task EndAsync()
    {
        await _loop;
        await FlushAsync();
        for (var i = 0; i < LastLooks && _isOwed(); i++)
        {
            await Task.Delay(_betweenLooks);
            await FlushAsync();
        }
    }

    async Task LoopAsync(TimeSpan period)
    {
        using var timer = new PeriodicTimer(period);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await FlushAsync();
                }
                catch (Exception e) when (e is not OperationCanceledException and not OutOfMemoryException)
                {
                    // Kept in the book; the writer has said so, and the next tick tries again.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    internal static void Write(SqlBatch batch, LedgerDelta delta, string release)
    {
        // Gateways that raise the same sums do so one after the other.
        batch.LockOut();
        foreach (var (key, totals) in delta.Rows)
        {
            Post(batch, key, totals.Charge, totals);
        }
        foreach (var share in delta.Booked)
        {
            // Booked as down while this gateway was not heard of: that is taken back.
            if (!SharedEngines.Strike(batch, share) && MeterOf(delta, share) is { } meter)
                Post(batch, SharedEngines.Down(meter, batch.NowUs(), release), -share.Pico);
        }
        foreach (var entry in delta.Finished)
        {
            batch.Execute(
                InsertRequest,
                ("@id", entry.RequestId), ("@at", Microseconds(entry.At)), ("@tenant", entry.Tenant),
                    ("@level", entry.Level),
                ("@model", entry.Model), ("@adapter", entry.Adapter), ("@release", entry.Release),
                ("@status", entry.Status.ToString().ToLowerInvariant()),
                    ("@estimated", entry.Estimated ? 1L : 0L),
                ("@prompt", (long)entry.PromptTokens), ("@cached", (long)entry.CachedTokens),
                    ("@output", (long)entry.OutputTokens),
                ("@drafts", entry.DraftTokens), ("@accepted", entry.AcceptedTokens),
                ("@fixed", entry.Charge.Fixed), ("@prefill", entry.Charge.Prefill),
                    ("@decode", entry.Charge.Decode),
                ("@kv", entry.Charge.Kv), ("@ttft", entry.TtftNs), ("@e2e", entry.E2eNs),
                    ("@itl", entry.WorstItlNs),
                ("@kept", entry.Kept is { } kept ? kept ? 1L : 0L : null));
        }
        foreach (var (meter, postedNs) in delta.Meters)
        {
            if (meter.SharedId is not null)
                continue;
            batch.Execute("UPDATE sessions SET posted_ns = @ns WHERE id = @id", ("@ns", postedNs),
                ("@id", meter.SessionId));
        }
    }

    static EngineMeter? MeterOf(LedgerDelta delta, in EngineShare share)
    {
        foreach (var (meter, _) in delta.Meters)
        {
            if (meter.SharedId == share.Id)
                return meter;
        }
        return null;
    }

    /// <summary>Adds an amount of nobody's to an account on disk.</summary>
    internal static void Post(SqlBatch batch, LedgerKey key, long pico)
    {
        if (pico != 0)
            Post(batch, key, new StepCharge(pico, 0, 0, 0), counts: null);
    }

    static void Post(
        SqlBatch batch, LedgerKey key, in StepCharge charge, LedgerTotals? counts) => batch.Execute(
        UpsertPosting,
        ("@engine", key.Engine), ("@hour", key.HourUtc), ("@account", key.Account), ("@tenant", key.Tenant),
        ("@level", key.Level), ("@model", key.Model), ("@adapter", key.Adapter), ("@release", key.Release),
        ("@estimated", key.Estimated ? 1L : 0L), ("@fixed", charge.Fixed), ("@prefill", charge.Prefill),
        ("@decode", charge.Decode), ("@kv", charge.Kv), ("@requests", counts?.Requests ?? 0),
        ("@prompt", counts?.PromptTokens ?? 0), ("@cached", counts?.CachedTokens ?? 0),
        ("@output", counts?.OutputTokens ?? 0), ("@drafts", counts?.DraftTokens ?? 0),
        ("@accepted", counts?.AcceptedTokens ?? 0));

    static void BookDown(SqlBatch batch, EngineMeter meter, string release)
    {
        var last = batch.Query(
            "SELECT started_us, posted_ns, pico_per_hour FROM sessions WHERE engine = @engine ORDER BY "
                + "started_us DESC LIMIT 1",
            reader => (Started: reader.GetInt64(0), Posted: reader.GetInt64(1), Price: reader.GetInt64(2)),
            ("@engine", meter.Name));
        if (last.Count == 0)
            return;
        var (started, posted, price) = last[0];
        var gapNs = ((Int128)(Microseconds(meter.StartedUtc) - started) * 1000) - posted;
        if (gapNs <= 0)
            return;
        var amount = (long)(price * gapNs / 3_600_000_000_000);
        Post(batch, new LedgerKey(
            meter.Name, meter.HourOf(0), LedgerAccounts.Down, "", "", "", "", release, false), amount);
        batch.Execute(
            "UPDATE sessions SET down_pico = @down WHERE engine = @engine AND started_us = @started",
            ("@down", amount), ("@engine", meter.Name), ("@started", started));
    }

    static long Microseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks / 10;
}
