using System;
using System.Collections.Generic;
using System.Data.Common;
using System.IO;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;

namespace Plimsoll.Server.Storage;

/// <summary>The database did not take a write in time; nothing of it is written.</summary>
public sealed class StorageAwayException() : Exception("The database cannot be written.");

/// <summary>
/// The one writer of the database. Whatever is waiting goes into one transaction, so a thousand batch lines
/// cost one fsync; a write is acknowledged when its transaction is on disk. A write that fails alone is told
/// so; while the database is away, everything waits and is tried again.
/// </summary>
public sealed partial class GroupCommit : IAsyncDisposable
{
    /// <summary>What the system calls the writer's thread, 15 bytes at most.</summary>
    const string ThreadName = "plimsoll ledger";

    const int MostTogether = 2048;
    static readonly TimeSpan _lastPatience = TimeSpan.FromSeconds(5);

    sealed class Write(Action<SqlBatch> work)
    {
        const int Waiting = 0, Taken = 1, GivenUp = 2;

        int _state;

        public Action<SqlBatch> Work => work;

        public TaskCompletionSource Done { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>False where nobody waits for it any more.</summary>
        public bool TryTake() =>
            Interlocked.CompareExchange(ref _state, Taken, Waiting) is Waiting or Taken;

        /// <summary>A try came to nothing: it waits again.</summary>
        public void PutBack() => Interlocked.CompareExchange(ref _state, Waiting, Taken);

        /// <summary>False while it is being written: then its end is near.</summary>
        public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting;
    }

    readonly Channel<Write> _writes =
        Channel.CreateBounded<Write>(new BoundedChannelOptions(65_536) { SingleReader = true });
    readonly Database _database;
    readonly ILogger _log;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenSource _stop = new();
    readonly PreparedStatements _prepared = new();
    DbConnection? _connection;

    public GroupCommit(Database database, ILogger log)
    {
        _database = database;
        _log = log;
        // On a thread of its own: a transaction of thousands of rows would hold up the requests of a pool
        // that has one thread for each core.
        new Thread(Loop) { Name = ThreadName, IsBackground = true }.Start();
    }

    /// <summary>How long a client's own write waits for a database that is away.</summary>
    public static TimeSpan ClientPatience { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Whether the last transaction could be written.</summary>
    public bool IsHealthy { get; private set; } = true;

    /// <summary>
    /// Completes when the work is on disk; the work may run more than once and must not read outside.
    /// </summary>
    /// <param name="patience">How long to wait for a database that is away; for ever when null. What is given
    /// up is not written: <see cref="StorageAwayException"/>.</param>
    public async Task WriteAsync(Action<SqlBatch> work, TimeSpan? patience = null)
    {
        var write = new Write(work);
        await _writes.Writer.WriteAsync(write);
        if (patience is not { } limit)
        {
            await write.Done.Task;
            return;
        }
        while (true)
        {
            try
            {
                await write.Done.Task.WaitAsync(limit);
                return;
            }
            catch (TimeoutException)
            {
                if (write.TryGiveUp())
                    throw new StorageAwayException();
            }
        }
    }

    /// <summary>
    /// The server stops: a database that stays away is waited for this long and no longer, by nobody.
    /// </summary>
    public void EndPatience() => _stop.CancelAfter(_lastPatience);

    /// <summary>Writes what is waiting and stops; a database that is away loses what waits.</summary>
    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        EndPatience();
        await _ended.Task;
        Disconnect();
        _stop.Dispose();
    }

    void Loop()
    {
        var together = new List<Write>();
        try
        {
            while (_writes.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                together.Clear();
                while (together.Count < MostTogether && _writes.Reader.TryRead(out var write))
                    together.Add(write);
                Commit(together);
            }
        }
        finally
        {
            _ended.SetResult();
        }
    }

    void Commit(List<Write> together)
    {
        for (var delayMs = 50; ; delayMs = Math.Min(2000, 2 * delayMs))
        {
            together = together.FindAll(write => write.TryTake());
            if (together.Count == 0)
                return;
            try
            {
                WriteOut(together);
                foreach (var write in together)
                    write.Done.TrySetResult();
                IsHealthy = true;
                return;
            }
            catch (Exception e) when (IsAway(e))
            {
                if (IsHealthy)
                    Away(_log, _database.Name, e.Message);
                IsHealthy = false;
                foreach (var write in together)
                    write.PutBack();
                Disconnect();
                if (_stop.IsCancellationRequested)
                {
                    foreach (var write in together)
                        write.Done.TrySetException(e);
                    return;
                }
                Thread.Sleep(delayMs);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Disconnect();
                if (together.Count == 1)
                {
                    together[0].Done.TrySetException(e);
                    return;
                }
                // One of them is at fault: each for itself, in order.
                foreach (var write in together.ToArray())
                    Commit([write]);
                return;
            }
        }
    }

    void WriteOut(List<Write> together)
    {
        _connection ??= _database.Connect();
        using var transaction = _connection.BeginTransaction();
        var batch = new SqlBatch(_connection, transaction, _prepared);
        foreach (var write in together)
            write.Work(batch);
        batch.Flush();
        transaction.Commit();
    }

    void Disconnect()
    {
        _prepared.Dispose();
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>
    /// A full disk, a lock, a server that is gone: worth another try. A broken rule is not.
    /// </summary>
    static bool IsAway(Exception e) => e switch
    {
        Microsoft.Data.Sqlite.SqliteException sqlite => sqlite.SqliteErrorCode is 5 or 6 or 10 or 13 or 14,
        Npgsql.PostgresException postgres => postgres.IsTransient
            || postgres.SqlState.StartsWith("57", StringComparison.Ordinal)
            || postgres.SqlState.StartsWith("53", StringComparison.Ordinal),
        DbException => true,
        IOException or TimeoutException => true,
        _ => false,
    };

    [LoggerMessage(1, LogLevel.Warning,
        "{Database} cannot be written ({Reason}); what is booked waits and is tried again.")]
    static partial void Away(ILogger log, string database, string reason);
}
