using System;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Plimsoll.Server.Storage;

/// <summary>
/// A statement kept ready in SQLite itself. The ledger writes a row for every request: the provider's command
/// looks every parameter up by name again and makes a reader for it, which costs more than the row does.
/// </summary>
sealed class SqliteStatement : IDisposable
{
    readonly sqlite3 _database;
    readonly sqlite3_stmt _statement;
    readonly int[] _places;
    byte[] _text = new byte[256];

    public SqliteStatement(
        SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
        _places = new int[arguments.Length];
        for (var i = 0; i < _places.Length; i++)
        {
            _places[i] = raw.sqlite3_bind_parameter_index(_statement, arguments[i].Name);
            if (_places[i] == 0)
                throw new ArgumentException($"{arguments[i].Name} is not in {sql}", nameof(arguments));
        }
    }

    /// <summary>Rows that the statement changed.</summary>
    public int Execute(ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        try
        {
            for (var i = 0; i < arguments.Length; i++)
                Bind(_places[i], arguments[i].Value);
            var result = raw.sqlite3_step(_statement);
            if (result is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
                Check(result);
            return raw.sqlite3_changes(_database);
        }
        finally
        {
            raw.sqlite3_reset(_statement);
            raw.sqlite3_clear_bindings(_statement);
        }
    }

    public void Dispose() => _statement.Dispose();

    void Bind(int place, object? value) => Check(value switch
    {
        null => raw.sqlite3_bind_null(_statement, place),
        long number => raw.sqlite3_bind_int64(_statement, place, number),
        int number => raw.sqlite3_bind_int64(_statement, place, number),
        double number => raw.sqlite3_bind_double(_statement, place, number),
        string { Length: 0 } empty => raw.sqlite3_bind_text(_statement, place, empty),
        string text => raw.sqlite3_bind_text(_statement, place, Utf8(text)),
        _ => throw new NotSupportedException($"{value.GetType().Name} is no column's type here"),
    });

    ReadOnlySpan<byte> Utf8(string text)
    {
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (most > _text.Length)
            _text = new byte[most];
        return _text.AsSpan(0, Encoding.UTF8.GetBytes(text, _text));
    }

    void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(_database).utf8_to_string(), result & 0xff,
                raw.sqlite3_extended_errcode(_database));
        }
    }
}
