using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server.Batches;

/// <summary>
/// Batches and their lines in the database. A line's answer is written where its line is still open, so it is
/// there once whatever was run twice; a batch belongs to the process that renews its lease.
/// </summary>
public sealed class BatchStore(Database database, GroupCommit commit, TimeProvider time)
{
    const int LeaseSeconds = 10;
    const int LinesTogether = 1000;
    const string IsOpen = "status IN ('validating', 'in_progress', 'finalizing', 'cancelling')";

    readonly string _owner = ProcessName.Own();

    public long Now => time.GetUtcNow().ToUnixTimeSeconds();

    public Task InsertAsync(BatchRecord batch) => commit.WriteAsync(sql => sql.Execute(
        "INSERT INTO batches (id, tenant, endpoint, input_file, status, created, expires, metadata, "
            + "owner, owner_until) "
        + "VALUES (@id, @tenant, @endpoint, @input, @status, @created, @expires, @metadata, @owner, @until)",
        ("@id", batch.Id), ("@tenant", batch.Tenant), ("@endpoint", batch.Endpoint),
            ("@input", batch.InputFile),
        ("@status", batch.Status), ("@created", batch.Created), ("@expires", batch.Expires),
            ("@metadata", batch.Metadata),
        ("@owner", _owner), ("@until", Now + LeaseSeconds)), GroupCommit.ClientPatience);

    public BatchRecord? Find(string id, string? tenant = null)
    {
        using var connection = database.Connect();
        var found = SqlBatch.Reading(connection).Query(
            $"SELECT {BatchRecord.Columns} FROM batches WHERE id = @id", BatchRecord.Read, ("@id", id));
        return found.Count == 0 || (tenant is not null && found[0].Tenant != tenant) ? null : found[0];
    }

    public IReadOnlyList<BatchRecord> List(string tenant, string? after, int limit)
    {
        using var connection = database.Connect();
        var all = SqlBatch.Reading(connection).Query(
            $"SELECT {BatchRecord.Columns} FROM batches WHERE tenant = @tenant "
                + $"ORDER BY created DESC, id DESC", BatchRecord.Read,
            ("@tenant", tenant));
        var start = after is null ? 0 : all.FindIndex(batch => batch.Id == after) + 1;
        return all.GetRange(start, Math.Min(limit, all.Count - start));
    }

    /// <summary>Whether a batch that is not over reads this file.</summary>
    public bool IsRead(string file)
    {
        using var connection = database.Connect();
        return SqlBatch.Reading(connection).Query(
            $"SELECT 1 FROM batches WHERE input_file = @file AND {IsOpen} LIMIT 1", _ => true,
            ("@file", file)).Count > 0;
    }

    public BatchCounts Counts(string id)
    {
        using var connection = database.Connect();
        long total = 0, answered = 0, failed = 0;
        foreach (var (status, count) in SqlBatch.Reading(connection).Query(
            "SELECT status, COUNT(*) FROM batch_lines WHERE batch = @id GROUP BY status",
            reader => (reader.GetInt64(0), reader.GetInt64(1)), ("@id", id)))
        {
            total += count;
            answered += status == (long)LineStatus.Answered ? count : 0;
            failed += status == (long)LineStatus.Failed ? count : 0;
        }
        return new BatchCounts(total, answered, failed);
    }

    /// <summary>
    /// Batches with work left that this process may do: its own, and those whose owner has gone.
    /// </summary>
    public async Task<IReadOnlyList<string>> ClaimAsync()
    {
        var now = Now;
        await FreeAsync();
        await commit.WriteAsync(sql => sql.Execute(
            "UPDATE batches SET owner = @owner, owner_until = @until "
            + $"WHERE {IsOpen} AND (owner = @owner OR owner_until < @now)",
            ("@owner", _owner), ("@until", now + LeaseSeconds), ("@now", now)));
        using var connection = database.Connect();
        return SqlBatch.Reading(connection).Query(
            $"SELECT id FROM batches WHERE owner = @owner AND {IsOpen} ORDER BY created",
            reader => reader.GetString(0), ("@owner", _owner));
    }

    /// <summary>
    /// Ends the leases of processes that were killed beside this one: nobody else holds them.
    /// </summary>
    async Task FreeAsync()
    {
        List<string> owners;
        using (var connection = database.Connect())
        {
            owners = SqlBatch.Reading(connection).Query(
                $"SELECT DISTINCT owner FROM batches WHERE {IsOpen} AND owner_until > 0 AND owner <> @owner",
                reader => reader.GetString(0), ("@owner", _owner));
        }
        foreach (var gone in owners.FindAll(ProcessName.IsGone))
        {
            await commit.WriteAsync(sql => sql.Execute(
                "UPDATE batches SET owner_until = 0 WHERE owner = @gone", ("@gone", gone)));
        }
    }

    /// <summary>Gives every lease back, so that the next process need not wait for it to run out.</summary>
    public Task ReleaseAsync() => commit.WriteAsync(sql => sql.Execute(
        "UPDATE batches SET owner_until = 0 WHERE owner = @owner", ("@owner", _owner)));

    /// <summary>Moves a batch on. False when it was not in the state named.</summary>
    /// <param name="stamp">Column that takes the time: one of this store's own names.</param>
    public async Task<bool> MoveAsync(string id, string from, string to, string stamp, string? errors = null)
    {
        var moved = 0;
        await commit.WriteAsync(sql => moved = sql.Change(
            $"UPDATE batches SET status = @to, {stamp} = @now, errors = COALESCE(@errors, errors) WHERE "
                + $"id = @id AND status = @from",
            ("@to", to), ("@now", Now), ("@errors", errors), ("@id", id), ("@from", from)));
        return moved > 0;
    }

    /// <summary>Books a batch's files and its end in one transaction with the files' own rows.</summary>
    public static void Finish(SqlBatch sql, string id, string status, long now, string? output,
        string? error) => sql.Execute(
        $"UPDATE batches SET status = @status, {status} = @now, output_file = @output, error_file = "
            + $"@error WHERE id = @id",
        ("@status", status), ("@now", now), ("@output", output), ("@error", error), ("@id", id));

    public async Task AddLinesAsync(string id, IReadOnlyList<BatchLine> lines)
    {
        foreach (var together in lines.Chunk(LinesTogether))
        {
            await commit.WriteAsync(sql =>
            {
                foreach (var line in together)
                {
                    sql.Execute(
                        "INSERT INTO batch_lines (batch, line, start, length, custom_id, status) "
                            + "VALUES (@batch, @line, @start, @length, @custom, 0) "
                            + "ON CONFLICT (batch, line) DO NOTHING",
                        ("@batch", id), ("@line", line.Number), ("@start", line.Start),
                        ("@length", line.Length), ("@custom", line.CustomId));
                }
            });
        }
    }

    public IReadOnlyList<BatchLine> OpenLines(string id)
    {
        using var connection = database.Connect();
        return SqlBatch.Reading(connection).Query(
            "SELECT line, start, length, custom_id FROM batch_lines WHERE batch = @id "
                + "AND status = 0 ORDER BY line",
            reader =>
                new BatchLine(reader.GetInt64(0), reader.GetInt64(1), (int)reader.GetInt64(2),
                    reader.GetString(3)), ("@id", id));
    }

    /// <summary>Writes a line's answer, unless it has one.</summary>
    internal Task AnswerAsync(string id, long line, LineStatus status, string body) =>
        commit.WriteAsync(sql => Answer(sql, id, line, status, body));

    /// <summary>
    /// Ends lines that nobody will run: so many in a transaction that a batch of 50,000 is over in seconds.
    /// </summary>
    internal async Task FailAsync(string id, IReadOnlyList<BatchLine> lines, Func<BatchLine, string> body)
    {
        foreach (var together in lines.Chunk(LinesTogether))
        {
            await commit.WriteAsync(sql =>
            {
                foreach (var line in together)
                    Answer(sql, id, line.Number, LineStatus.Failed, body(line));
            });
        }
    }

    static void Answer(SqlBatch sql, string id, long line, LineStatus status, string body) => sql.Execute(
        "UPDATE batch_lines SET status = @status, body = @body WHERE batch = @id AND "
            + "line = @line AND status = 0",
        ("@status", (long)status), ("@body", body), ("@id", id), ("@line", line));

    /// <summary>Every answer of one kind in the order of the lines, a page at a time.</summary>
    internal IEnumerable<string> Answers(string id, LineStatus status)
    {
        const int PageLines = 1000;
        long last = -1;
        while (true)
        {
            using var connection = database.Connect();
            var page = SqlBatch.Reading(connection).Query(
                "SELECT line, body FROM batch_lines WHERE batch = @id AND status = @status AND line > "
                    + "@last ORDER BY line LIMIT "
                + PageLines.ToString(CultureInfo.InvariantCulture),
                reader => (reader.GetInt64(0), reader.GetString(1)), ("@id", id), ("@status", (long)status),
                    ("@last", last));
            foreach (var (line, body) in page)
            {
                last = line;
                yield return body;
            }
            if (page.Count < PageLines)
                yield break;
        }
    }
}

/// <summary>Where a line is in its file, and the client's name for it.</summary>
public sealed record BatchLine(long Number, long Start, int Length, string CustomId);
