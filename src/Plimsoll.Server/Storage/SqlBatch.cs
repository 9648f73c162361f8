using System;
using System.Collections.Generic;
using System.Data.Common;

namespace Plimsoll.Server.Storage;

/// <summary>
/// One transaction of a writer: statements with their arguments, prepared once per connection.
/// </summary>
public sealed class SqlBatch(DbConnection connection, DbTransaction? transaction, Dictionary<string,
    DbCommand> prepared)
{
    public static SqlBatch Reading(DbConnection connection) => new(connection, null, []);

    /// <summary>Rows that the statement changed.</summary>
    public int Execute(string sql, params (string Name, object? Value)[] arguments) =>
        Command(sql, arguments).ExecuteNonQuery();

    public List<T> Query<T>(string sql, Func<DbDataReader, T> read,
        params (string Name, object? Value)[] arguments)
    {
        var rows = new List<T>();
        using var reader = Command(sql, arguments).ExecuteReader();
        while (reader.Read())
            rows.Add(read(reader));
        return rows;
    }

    DbCommand Command(string sql, (string Name, object? Value)[] arguments)
    {
        if (!prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (var (name, _) in arguments)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = name;
                command.Parameters.Add(parameter);
            }
            prepared.Add(sql, command);
        }
        command.Transaction = transaction;
        for (var i = 0; i < arguments.Length; i++)
            command.Parameters[i].Value = arguments[i].Value ?? DBNull.Value;
        return command;
    }
}
