using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>
/// Jobs and their events, durable before they are acknowledged. A runner holds a job by a lease that it
/// renews; a lease that ran out is another runner's to take.
/// </summary>
public sealed class JobStore : IDisposable
{
    readonly SqliteConnection _connection;
    readonly TimeProvider _time;
    readonly System.Threading.Lock _gate = new();

    /// <exception cref="BadInputException">The folder cannot be written.</exception>
    public JobStore(string folder, TimeProvider time)
    {
        _time = time;
        try
        {
            Directory.CreateDirectory(folder);
            _connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = Path.Combine(folder, "jobs.db"),
                DefaultTimeout = 30,
                Pooling = false,
            }.ToString());
            _connection.Open();
            Execute("""
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                CREATE TABLE IF NOT EXISTS jobs (sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL,
                    status TEXT NOT NULL, body TEXT NOT NULL, lease_owner TEXT, lease_until INTEGER NOT NULL DEFAULT 0);
                CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL, created INTEGER NOT NULL,
                    level TEXT NOT NULL, message TEXT NOT NULL);
                CREATE INDEX IF NOT EXISTS events_by_job ON events (job, sequence);
                """);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new BadInputException($"{folder}: no jobs can be kept here ({e.Message.TrimEnd('.')}); "
                + "expected a writable folder");
        }
    }

    public long Now => _time.GetUtcNow().ToUnixTimeSeconds();

    public void Insert(FineTuningJob job)
    {
        lock (_gate)
        {
            Execute("INSERT INTO jobs (id, tenant, status, body) VALUES ($a, $b, $c, $d)", job.Id, job.Tenant,
                job.Status.ToString(), Body(job));
        }
        AddEvent(job.Id, "info", "Created fine-tuning job: " + job.Id);
    }

    /// <summary>The tenant's job; null when there is none, or it is another's.</summary>
    public FineTuningJob? Find(string tenant, string id)
    {
        var jobs = Jobs("SELECT body FROM jobs WHERE id = $a AND tenant = $b", id, tenant);
        return jobs.Count == 0 ? null : jobs[0];
    }

    /// <summary>Newest first.</summary>
    public List<FineTuningJob> List(string tenant, string? after, int limit) => after is null
        ? Jobs("SELECT body FROM jobs WHERE tenant = $a ORDER BY sequence DESC LIMIT $b", tenant, limit)
        : Jobs("SELECT body FROM jobs WHERE tenant = $a AND sequence < (SELECT sequence FROM jobs WHERE id "
            + "= $b) ORDER BY sequence DESC LIMIT $c",
            tenant, after, limit);

    /// <summary>Everybody's, newest first.</summary>
    public List<FineTuningJob> Recent(int limit) =>
        Jobs("SELECT body FROM jobs ORDER BY sequence DESC LIMIT $a", limit);

    /// <summary>Changes a job if it is in one of these states still.</summary>
    /// <returns>The changed job; null when it was in none of them.</returns>
    public FineTuningJob? Move(string id, Func<FineTuningJob, FineTuningJob> change,
        params ReadOnlySpan<JobStatus> from)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction();
            var jobs = Jobs("SELECT body FROM jobs WHERE id = $a", id);
            if (jobs.Count == 0 || !from.Contains(jobs[0].Status))
                return null;
            var changed = change(jobs[0]);
            Execute("UPDATE jobs SET status = $b, body = $c WHERE id = $a", id, changed.Status.ToString(),
                Body(changed));
            transaction.Commit();
            return changed;
        }
    }

    /// <summary>
    /// The oldest job that waits, or runs under a lease that ran out; it is running under this owner's now.
    /// </summary>
    public FineTuningJob? Claim(string owner, TimeSpan lease)
    {
        lock (_gate)
        {
            using var transaction = _connection.BeginTransaction(deferred: false);
            var jobs = Jobs(
                "SELECT body FROM jobs WHERE status = 'Queued' OR (status = 'Running' AND lease_until < $a) "
                    + "ORDER BY sequence LIMIT 1", Now);
            if (jobs.Count == 0)
                return null;
            var job = jobs[0] with { Status = JobStatus.Running };
            Execute("UPDATE jobs SET status = 'Running', body = $b, lease_owner = $c, "
                + "lease_until = $d WHERE id = $a",
                job.Id, Body(job), owner, Now + (long)lease.TotalSeconds);
            transaction.Commit();
            return job;
        }
    }

    /// <summary>False when the lease is another's by now: what is being done is no longer wanted.</summary>
    public bool Renew(string id, string owner, TimeSpan lease)
    {
        lock (_gate)
        {
            return Execute("UPDATE jobs SET lease_until = $c WHERE id = $a AND lease_owner = "
                + "$b AND status = 'Running'",
                id, owner, Now + (long)lease.TotalSeconds) == 1;
        }
    }

    public void AddEvent(string job, string level, string message)
    {
        lock (_gate)
        {
            Execute("INSERT INTO events (job, created, level, message) VALUES ($a, $b, $c, $d)", job, Now,
                level, message);
        }
    }

    /// <summary>Newest first.</summary>
    public List<JobEvent> Events(string job, long? before, int limit)
    {
        lock (_gate)
        {
            using var command = Command(
                "SELECT sequence, job, created, level, message FROM events WHERE job = $a AND sequence < $b "
                    + "ORDER BY sequence DESC LIMIT $c",
                job, before ?? long.MaxValue, limit);
            using var reader = command.ExecuteReader();
            var events = new List<JobEvent>();
            while (reader.Read())
            {
                events.Add(new JobEvent(reader.GetInt64(0), reader.GetString(1), reader.GetInt64(2),
                    reader.GetString(3), reader.GetString(4)));
            }
            return events;
        }
    }

    public void Dispose() => _connection.Dispose();

    static string Body(FineTuningJob job) => JsonSerializer.Serialize(job, CanonicalJson.Options);

    List<FineTuningJob> Jobs(string sql, params object[] values)
    {
        lock (_gate)
        {
            using var command = Command(sql, values);
            using var reader = command.ExecuteReader();
            var jobs = new List<FineTuningJob>();
            while (reader.Read())
            {
                jobs.Add(JsonSerializer.Deserialize<FineTuningJob>(
                    reader.GetString(0), CanonicalJson.Options)!);
            }
            return jobs;
        }
    }

    SqliteCommand Command(string sql, params object[] values) => _connection.Command(sql, values);

    int Execute(string sql, params object[] values)
    {
        using var command = Command(sql, values);
        return command.ExecuteNonQuery();
    }
}
