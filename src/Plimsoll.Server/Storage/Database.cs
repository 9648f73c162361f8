using System;
using System.Data.Common;
using System.IO;
using Microsoft.Data.Sqlite;
using Npgsql;
using Plimsoll.Core;

namespace Plimsoll.Server.Storage;

/// <summary>
/// Where ledger and batches are kept: a SQLite file, or PostgreSQL. The SQL in this project is what both
/// understand; what a commit has acknowledged is on disk (SQLite: WAL with synchronous FULL).
/// </summary>
public sealed class Database : IDisposable
{
    readonly string _connection;
    readonly NpgsqlDataSource? _postgres;

    Database(string connection, NpgsqlDataSource? postgres, string name)
    {
        _connection = connection;
        _postgres = postgres;
        Name = name;
    }

    /// <summary>For messages; never with a password.</summary>
    public string Name { get; }

    /// <summary>Whether this names a store: a bare word other than sqlite is a slip, and no file.</summary>
    public static bool IsLedger(string ledger) =>
        ledger == "sqlite" || IsPostgres(ledger)
            || (!ledger.Contains("://", StringComparison.Ordinal)
                && Path.GetExtension(ledger) is ".db" or ".sqlite" or ".sqlite3");

    /// <summary>Whether this is the address of a server, and no file.</summary>
    public static bool IsPostgres(string ledger) =>
        ledger.StartsWith("postgres://", StringComparison.Ordinal)
            || ledger.StartsWith("postgresql://", StringComparison.Ordinal);

    /// <param name="ledger"><c>sqlite</c>, a SQLite file, or
    /// <c>postgres://user:password@host:port/database</c>.</param>
    /// <param name="stateFolder">Where the SQLite file is when none is named.</param>
    public static Database Open(string ledger, string stateFolder)
    {
        var database = IsPostgres(ledger)
            ? Postgres(ledger)
            : Sqlite(ledger == "sqlite" ? Path.Combine(stateFolder, "plimsoll.db") : ledger);
        try
        {
            using var connection = database.Connect();
            Migrations.Apply(connection);
        }
        catch (Exception e) when (e is DbException or IOException or InvalidOperationException)
        {
            database.Dispose();
            throw new BadInputException(
                $"ledger {database.Name}: {e.Message.ReplaceLineEndings(" ")}; expected a "
                    + $"database that can be opened");
        }
        return database;
    }

    /// <summary>An open connection; the caller closes it.</summary>
    public DbConnection Connect()
    {
        if (_postgres is not null)
            return _postgres.OpenConnection();
        var connection = new SqliteConnection(_connection);
        connection.Open();
        using var pragma = connection.CreateCommand();
        pragma.CommandText =
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000;";
        pragma.ExecuteNonQuery();
        return connection;
    }

    public void Dispose()
    {
        _postgres?.Dispose();
        if (_postgres is null)
            SqliteConnection.ClearAllPools();
    }

    static Database Sqlite(string file)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
                Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"ledger {file}: {e.Message.ReplaceLineEndings(" ")}; expected a folder that can be written");
        }
        return new Database(new SqliteConnectionStringBuilder { DataSource = file }.ToString(), null, file);
    }

    static Database Postgres(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0
            || uri.AbsolutePath.Length < 2)
        {
            throw new BadInputException(
                "ledger postgres: expected postgres://USER:PASSWORD@HOST:PORT/DATABASE");
        }
        var user = uri.UserInfo.Split(':', 2);
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            ApplicationName = "plimsoll",
            Timeout = 5,
            CommandTimeout = 30,
            // The ledger writes the same few statements for ever: planning each anew costs more than its row.
            MaxAutoPrepare = 16,
        };
        return new Database("", NpgsqlDataSource.Create(builder),
            $"postgres://{uri.Host}:{builder.Port}/{builder.Database}");
    }
}
