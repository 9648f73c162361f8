using System;
using System.Globalization;
using System.IO;
using System.Text;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A trace of comma-separated rows under a header; columns are found by name, wherever they stand.
/// </summary>
abstract class CsvTraceReader : TraceReader
{
    readonly CsvRows _csv;
    int _needed;

    protected CsvTraceReader(TraceSource source, TraceFormat format)
        : base(source, format)
    {
        source.Line = 1;
        _csv = new CsvRows(new StreamReader(source, new UTF8Encoding(false), true, 1 << 16), source.Error);
    }

    private protected sealed override bool Parse(ref TraceRow row, ref string? dropped)
    {
        do
        {
            if (!_csv.Read())
                return false;
            Source.Line = _csv.Line;
        }
        while (IsBlank());
        if (_csv.Fields < _needed)
        {
            Source.Fail(
                $"{_csv.Fields} column{(_csv.Fields == 1 ? "" : "s")}; expected {_csv.Columns} "
                + "as in the header");
        }
        ParseRow(ref row, ref dropped);
        return true;
    }

    bool IsBlank() => _csv.Fields == 0 || (_csv.Fields == 1 && Field(0).IsWhiteSpace());

    protected abstract void ParseRow(ref TraceRow row, ref string? dropped);

    /// <summary>Position of a column; the header lacking it is an error.</summary>
    protected int Column(string name)
    {
        var column = FindColumn(name);
        return column >= 0
            ? column
            : throw Source.Error($"no column {name}; expected it among {string.Join(", ", _csv.Names())}");
    }

    /// <summary>Position of a column; -1 when the header lacks it.</summary>
    protected int FindColumn(string name)
    {
        var column = _csv.Find(name);
        _needed = Math.Max(_needed, column + 1);
        return column;
    }

    protected ReadOnlySpan<char> Field(int column) => _csv.Field(column);

    protected int Tokens(int column)
    {
        var text = Field(column).Trim();
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)
            && whole <= MostTokens)
        {
            return whole;
        }
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            Source.Fail($"{Name(column)} is \"{text}\"; expected a whole number from 0 to {MostTokens}");
        return Tokens(value, Name(column));
    }

    protected long Time(int column, long unitNs)
    {
        var text = Field(column).Trim();
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            Source.Fail(
                $"{Name(column)} is \"{text}\"; expected a number, 0 or later and before the year 2200");
        }

        return Time(value, unitNs, Name(column));
    }

    protected long Date(int column)
    {
        var text = Field(column);
        if (!IsoTime.TryParse(text, out var unixNs))
            Source.Fail($"{Name(column)} is \"{text}\"; expected a date such as 2023-11-16 18:15:46.6805900");
        return unixNs;
    }

    protected string Name(int column) => _csv.Name(column);

    private protected override void Dispose(bool disposing)
    {
        if (disposing)
            _csv.Dispose();
        base.Dispose(disposing);
    }
}
