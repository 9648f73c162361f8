using System;
using System.Collections.Generic;
using System.Data.Common;
using System.Diagnostics;
using System.Threading;
using Microsoft.Data.Sqlite;

namespace Plimsoll.Server.Storage;

/// <summary>
/// One transaction of a writer: statements with their arguments. SQLite has them prepared once for each
/// connection; PostgreSQL gets many at a time.
/// </summary>
public sealed class SqlBatch
{
    /// <summary>About a tenth of a millisecond of rows.</summary>
    const int RowsAtOnce = 16;

    /// <summary>Statements that a server gets at once.</summary>
    const int StatementsTogether = 256;

    /// <summary>What a transaction gives away at most; then it goes on, however full the machine.</summary>
    static readonly TimeSpan _mostGivenAway = TimeSpan.FromMilliseconds(50);

    readonly DbConnection _connection;
    readonly DbTransaction? _transaction;
    readonly PreparedStatements? _prepared;
    DbBatch? _pending;
    int _rows;
    TimeSpan _givenAway;

    internal SqlBatch(
        DbConnection connection, DbTransaction? transaction, PreparedStatements? prepared = null)
    {
        _connection = connection;
        _transaction = transaction;
        _prepared = prepared;
    }

    public static SqlBatch Reading(DbConnection connection) => new(connection, null);

    /// <summary>
    /// Runs a statement, or sees to it that it runs before whatever comes next: a server at the other end of
    /// a wire gets so many at once, since a thousand round trips would last as long as a thousand commits.
    /// </summary>
    public void Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        if (_connection is SqliteConnection)
        {
            Change(sql, arguments);
            return;
        }
        _pending ??= _connection.CreateBatch();
        var command = _pending.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value ?? DBNull.Value);
            command.Parameters.Add(parameter);
        }
        _pending.BatchCommands.Add(command);
        if (_pending.BatchCommands.Count >= StatementsTogether)
            Flush();
    }

    /// <summary>Rows that the statement changed.</summary>
    public int Change(string sql, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        Flush();
        if (_prepared is null || _connection is not SqliteConnection sqlite)
            return Command(sql, arguments).ExecuteNonQuery();
        if (++_rows % RowsAtOnce == 0)
            LetOthersGo();
        return _prepared.Statement(sqlite, sql, arguments).Execute(arguments);
    }

    /// <summary>Sends what waits; call it before the transaction is committed.</summary>
    public void Flush()
    {
        if (_pending is null)
            return;
        using var pending = _pending;
        _pending = null;
        pending.Transaction = _transaction;
        pending.ExecuteNonQuery();
    }

    /// <summary>
    /// Keeps everybody else who asks for it out until the transaction ends: SQLite has one writer anyway.
    /// </summary>
    public void LockOut()
    {
        if (_connection is not SqliteConnection)
            Change("SELECT pg_advisory_xact_lock(7234017283807667300)");
    }

    /// <summary>Now by the database's clock, which all who share it go by; microseconds since 1970.</summary>
    public long NowUs() => Query(
        _connection is SqliteConnection
            ? "SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
            : "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
        reader => reader.GetInt64(0))[0];

    public List<T> Query<T>(string sql, Func<DbDataReader, T> read,
        params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        Flush();
        var rows = new List<T>();
        using var reader = Command(sql, arguments).ExecuteReader();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    /// <summary>
    /// However nice it is, a thread keeps its core to the end of its slice, some milliseconds: a request that
    /// comes meanwhile on the only core would wait for that long.
    /// </summary>
    void LetOthersGo()
    {
        if (_givenAway > _mostGivenAway)
            return;
        var from = Stopwatch.GetTimestamp();
        Thread.Yield();
        _givenAway += Stopwatch.GetElapsedTime(from);
    }

    DbCommand Command(string sql, ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        var command = (_prepared ?? new PreparedStatements()).Command(_connection, sql, arguments);
        command.Transaction = _transaction;
        for (var i = 0; i < arguments.Length; i++)
            command.Parameters[i].Value = arguments[i].Value ?? DBNull.Value;
        return command;
    }
}
