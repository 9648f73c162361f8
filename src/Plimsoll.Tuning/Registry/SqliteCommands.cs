using Microsoft.Data.Sqlite;

namespace Plimsoll.Tuning.Registry;

static class SqliteCommands
{
    /// <summary>A statement whose arguments are $a, $b, $c and so on.</summary>
    public static SqliteCommand Command(this SqliteConnection connection, string sql, params object[] values)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${(char)('a' + i)}", values[i]);
        return command;
    }
}
