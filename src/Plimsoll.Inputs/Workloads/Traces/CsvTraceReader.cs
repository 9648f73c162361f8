using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using Sylvan.Data.Csv;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A trace of comma-separated rows under a header; columns are found by name, wherever they stand.
/// </summary>
abstract class CsvTraceReader : TraceReader
{
    readonly CsvDataReader _csv;
    int _needed;

    protected CsvTraceReader(TraceSource source, TraceFormat format)
        : base(source, format)
    {
        source.Line = 1;
        try
        {
            _csv = CsvDataReader.Create(
                new StreamReader(source, new UTF8Encoding(false), true, 1 << 16),
                // Without a delimiter given, the header tells it: comma, tab, semicolon or bar.
                new CsvDataReaderOptions { HasHeaders = true, Culture = CultureInfo.InvariantCulture });
        }
        catch (Exception e) when (e is CsvFormatException or CsvRecordTooLargeException
            or CsvMissingHeadersException)
        {
            throw source.Error("malformed CSV header; expected comma-separated column names");
        }
    }

    private protected sealed override bool Parse(ref TraceRow row, ref string? dropped)
    {
        do
        {
            try
            {
                if (!_csv.Read())
                    return false;
            }
            catch (Exception e) when (e
                is CsvFormatException or CsvRecordTooLargeException or InvalidDataException)
            {
                throw Source.Error($"malformed CSV after this line; expected {_csv.FieldCount} columns");
            }
            Source.Line = _csv.RowNumber + 1;
        }
        while (IsBlank());
        if (_csv.RowFieldCount < _needed)
        {
            Source.Fail(
                $"{_csv.RowFieldCount} column{(_csv.RowFieldCount == 1 ? "" : "s")}; expected "
                + $"{_csv.FieldCount} "
                + "as in the header");
        }
        ParseRow(ref row, ref dropped);
        return true;
    }

    bool IsBlank() => _csv.RowFieldCount == 0 || (_csv.RowFieldCount == 1 && Field(0).IsWhiteSpace());

    protected abstract void ParseRow(ref TraceRow row, ref string? dropped);

    /// <summary>Position of a column; the header lacking it is an error.</summary>
    protected int Column(string name)
    {
        var column = FindColumn(name);
        return column >= 0
            ? column
            : throw Source.Error($"no column {name}; expected it among {string.Join(", ", Header())}");
    }

    /// <summary>Position of a column; -1 when the header lacks it.</summary>
    protected int FindColumn(string name)
    {
        for (var i = 0; i < _csv.FieldCount; i++)
        {
            if (!_csv.GetName(i).AsSpan().Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                continue;
            _needed = Math.Max(_needed, i + 1);
            return i;
        }
        return -1;
    }

    protected ReadOnlySpan<char> Field(int column) => _csv.GetFieldSpan(column);

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

    protected string Name(int column) => _csv.GetName(column);

    private protected override void Dispose(bool disposing)
    {
        if (disposing)
            _csv.Dispose();
        base.Dispose(disposing);
    }

    IEnumerable<string> Header()
    {
        for (var i = 0; i < _csv.FieldCount; i++)
            yield return _csv.GetName(i);
    }
}
