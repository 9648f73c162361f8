using System;
using System.Threading;
using System.Threading.Tasks;
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
            fixed, prefill, decode, kv, requests, prompt_tokens, cached_tokens, output_tokens)
        VALUES (@engine, @hour, @account, @tenant, @level, @model, @adapter, @release, @estimated,
            @fixed, @prefill, @decode, @kv, @requests, @prompt, @cached, @output)
        ON CONFLICT (engine, hour, account, tenant, level, model, adapter, release, estimated) DO UPDATE SET
            fixed = postings.fixed + excluded.fixed, prefill = postings.prefill + excluded.prefill,
            decode = postings.decode + excluded.decode, kv = postings.kv + excluded.kv,
            requests = postings.requests + excluded.requests,
            prompt_tokens = postings.prompt_tokens + excluded.prompt_tokens,
            cached_tokens = postings.cached_tokens + excluded.cached_tokens,
            output_tokens = postings.output_tokens + excluded.output_tokens
        """;

    const string InsertRequest = """
        INSERT INTO requests (id, at_us, tenant, level, model, adapter, release, status, estimated, prompt_tokens,
            cached_tokens, output_tokens, fixed, prefill, decode, kv, ttft_ns, e2e_ns, worst_itl_ns, kept)
        VALUES (@id, @at, @tenant, @level, @model, @adapter, @release, @status, @estimated, @prompt, @cached, @output,
            @fixed, @prefill, @decode, @kv, @ttft, @e2e, @itl, @kept)
        ON CONFLICT (id) DO NOTHING
        """;

    readonly LedgerBook _book;
    readonly GroupCommit _commit;
    readonly Action _beforeFlush;
    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _one = new(1);
    readonly Task _loop;

    /// <param name="book">What is written.</param>
    /// <param name="commit">Who writes.</param>
    /// <param name="beforeFlush">Books idle time up to now.</param>
    /// <param name="period">Between two writes.</param>
    public LedgerWriter(LedgerBook book, GroupCommit commit, Action beforeFlush, TimeSpan period)
    {
        _book = book;
        _commit = commit;
        _beforeFlush = beforeFlush;
        _loop = LoopAsync(period);
    }

    /// <summary>
    /// Opens the sessions of this life; what lies between them and the last life's records is booked as down.
    /// </summary>
    public static void Begin(LedgerBook book, Database database, TimeProvider time)
    {
        using var connection = database.Connect();
        using var transaction = connection.BeginTransaction();
        var batch = new SqlBatch(connection, transaction);
        foreach (var meter in book.Meters)
        {
            BookDown(batch, meter, book.Release);
            batch.Execute(
                "INSERT INTO sessions VALUES (@id, @engine, @price, @started, 0, 0)",
                ("@id", meter.SessionId), ("@engine", meter.Name), ("@price", meter.PicoPerHour),
                ("@started", Microseconds(meter.StartedUtc)));
        }
        var today = time.GetUtcNow().ToUnixTimeSeconds() / 86_400;
        foreach (var (tenant, amount) in batch.Query(
            "SELECT tenant, SUM(fixed + prefill + decode + kv) FROM postings WHERE account = 'served' AND "
                + "hour >= @from GROUP BY tenant",
            reader =>
                (reader.GetString(0),
                    Convert.ToInt64(reader.GetValue(1), System.Globalization.CultureInfo.InvariantCulture)),
            ("@from", today * 24)))
        {
            book.Remember(tenant, today, amount);
        }
        batch.Flush();
        transaction.Commit();
    }

    /// <summary>Writes what is booked now; throws when it cannot be written and keeps it.</summary>
    public async Task FlushAsync()
    {
        await _one.WaitAsync();
        try
        {
            _beforeFlush();
            var delta = _book.Take();
            try
            {
                await _commit.WriteAsync(batch => Write(batch, delta));
            }
            catch
            {
                _book.Return(delta);
                throw;
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        try
        {
            await FlushAsync();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The database is away for good; the next life books the time as down.
        }
        _stop.Dispose();
        _one.Dispose();
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

    static void Write(SqlBatch batch, LedgerDelta delta)
    {
        foreach (var (key, totals) in delta.Rows)
        {
            batch.Execute(
                UpsertPosting,
                ("@engine", key.Engine), ("@hour", key.HourUtc), ("@account", key.Account),
                    ("@tenant", key.Tenant),
                ("@level", key.Level), ("@model", key.Model), ("@adapter", key.Adapter),
                    ("@release", key.Release),
                ("@estimated", key.Estimated ? 1L : 0L), ("@fixed", totals.Charge.Fixed),
                    ("@prefill", totals.Charge.Prefill),
                ("@decode", totals.Charge.Decode), ("@kv", totals.Charge.Kv), ("@requests", totals.Requests),
                ("@prompt", totals.PromptTokens), ("@cached", totals.CachedTokens),
                    ("@output", totals.OutputTokens));
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
                ("@fixed", entry.Charge.Fixed), ("@prefill", entry.Charge.Prefill),
                    ("@decode", entry.Charge.Decode),
                ("@kv", entry.Charge.Kv), ("@ttft", entry.TtftNs), ("@e2e", entry.E2eNs),
                    ("@itl", entry.WorstItlNs),
                ("@kept", entry.Kept is { } kept ? kept ? 1L : 0L : null));
        }
        foreach (var (meter, postedNs) in delta.Meters)
        {
            batch.Execute("UPDATE sessions SET posted_ns = @ns WHERE id = @id", ("@ns", postedNs),
                ("@id", meter.SessionId));
        }
    }

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
        batch.Execute(
            UpsertPosting,
            ("@engine", meter.Name), ("@hour", meter.HourOf(0)), ("@account", LedgerAccounts.Down),
                ("@tenant", ""),
            ("@level", ""), ("@model", ""), ("@adapter", ""), ("@release", release), ("@estimated", 0L),
            ("@fixed", amount), ("@prefill", 0L), ("@decode", 0L), ("@kv", 0L), ("@requests", 0L),
                ("@prompt", 0L),
            ("@cached", 0L), ("@output", 0L));
        batch.Execute(
            "UPDATE sessions SET down_pico = @down WHERE engine = @engine AND started_us = @started",
            ("@down", amount), ("@engine", meter.Name), ("@started", started));
    }

    static long Microseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks / 10;
}
