using System;
using System.Collections.Generic;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Plimsoll.Server.Storage;

/// <summary>What a connection keeps ready between transactions, by its text.</summary>
sealed class PreparedStatements : IDisposable
{
    readonly Dictionary<string, DbCommand> _commands = new(StringComparer.Ordinal);
    readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);

    public DbCommand Command(
        DbConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        if (_commands.TryGetValue(sql, out var command))
            return command;
        command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, _) in arguments)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }
        _commands.Add(sql, command);
        return command;
    }

    public SqliteStatement Statement(
        SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new SqliteStatement(connection, sql, arguments));
        return statement;
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        foreach (var statement in _statements.Values)
            statement.Dispose();
        _commands.Clear();
        _statements.Clear();
    }
}
