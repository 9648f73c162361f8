using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Compression;
using System.Linq;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Distiller;

/// <summary>A kernel table (CSV, gzipped) read whole: columns by name, a row per measurement.</summary>
sealed class KernelTable
{
    readonly Dictionary<string, int> _columns = [];
    readonly List<string[]> _rows = [];

    KernelTable(string name)
    {
        Name = name;
    }

    public string Name { get; }

    public int Count => _rows.Count;

    /// <summary>Reads <paramref name="path"/>; plain when it does not end in <c>.gz</c>.</summary>
    public static KernelTable Read(string path)
    {
        var table = new KernelTable(Path.GetFileName(path).Replace(".csv.gz", "", StringComparison.Ordinal));
        using var file = File.OpenRead(path);
        using var plain = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : (Stream)file;
        using var rows = new CsvRows(
            new StreamReader(plain), what => new InvalidDataException($"{path}: {what}"));
        for (var i = 0; i < rows.Columns; i++)
        {
            table._columns[rows.Name(i)] = i;
        }
        while (rows.Read())
        {
            if (rows.Fields != rows.Columns)
            {
                throw new InvalidDataException(
                    $"{path}, line {rows.Line}: {rows.Fields} fields; expected {rows.Columns}");
            }
            table._rows.Add([.. Enumerable.Range(0, rows.Columns).Select(i => rows.Field(i).ToString())]);
        }
        return table;
    }

    public bool Has(string column) => _columns.ContainsKey(column);

    public string Text(int row, string column) =>
        _columns.TryGetValue(column, out var at) ? _rows[row][at] : "";

    public int Int(int row, string column) =>
        _columns.TryGetValue(column, out var at) && _rows[row][at].Length > 0
            ? (int)double.Parse(_rows[row][at], CultureInfo.InvariantCulture)
            : 0;

    /// <summary>Latency in nanoseconds; the tables hold milliseconds.</summary>
    public double Ns(int row) => 1e6 * Double(row, "latency");

    public double Double(int row, string column) =>
        double.Parse(_rows[row][_columns[column]], CultureInfo.InvariantCulture);
}
