using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// One row of a catalogue file, read by column name. A missing column or a value that does not parse names
/// the file, the line and the column.
/// </summary>
public sealed class CsvTable : IDisposable
{
    readonly string _name;
    readonly CsvRows _rows;

    CsvTable(string name, TextReader text)
    {
        _name = name;
        _rows = new CsvRows(text, what => new BadInputException($"{name}: {what}"));
    }

    /// <summary>Reads every row of a CSV file through <paramref name="read"/>.</summary>
    public static IReadOnlyList<T> Read<T>(string name, TextReader text, Func<CsvTable, T> read)
    {
        var rows = new List<T>();
        using var table = new CsvTable(name, text);
        while (table._rows.Read())
            rows.Add(read(table));
        return rows;
    }

    /// <summary>File and line of the row.</summary>
    public string Place => $"{_name}, line {_rows.Line}";

    public bool Has(string column) => _rows.Find(column) >= 0;

    /// <summary>
    /// Reads every row of a file through <paramref name="read"/>; rows read as null are left out.
    /// </summary>
    public static IReadOnlyList<T> ReadUsable<T>(string file, Func<CsvTable, T?> read)
        where T : class
    {
        using var text = new StreamReader(file);
        var usable = new List<T>();
        foreach (var row in Read(file, text, read))
        {
            if (row is not null)
                usable.Add(row);
        }
        return usable;
    }

    public string Text(string column)
    {
        var text = OptionalText(column);
        return text.Length > 0 ? text : throw Bad(column, "", "a value");
    }

    public string OptionalText(string column)
    {
        var index = _rows.Find(column);
        return index >= 0
            ? _rows.Field(index).ToString()
            : throw new BadInputException($"{_name}: column {column} is missing");
    }

    public double Number(string column) => OptionalNumber(column) ?? throw Bad(column, "", "a number");

    public double? OptionalNumber(string column)
    {
        var text = OptionalText(column);
        if (text.Length == 0)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= 0 && double.IsFinite(value)
            ? value
            : throw Bad(column, text, "a number of at least 0");
    }

    public decimal Money(string column)
    {
        var text = Text(column);
        return decimal.TryParse(
            text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Bad(column, text, "an amount in USD");
    }

    public int Whole(string column)
    {
        var text = Text(column);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw Bad(column, text, "a whole number");
    }

    public BadInputException Bad(string column, string text, string expected) =>
        new($"{Place}, {column}: \"{text}\"; expected {expected}");

    public void Dispose() => _rows.Dispose();
}
