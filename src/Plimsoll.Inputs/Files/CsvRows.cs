using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Sylvan.Data.Csv;

namespace Plimsoll.Inputs.Files;

/// <summary>
/// Rows of delimited text under a header, one at a time. The header tells the delimiter: comma, tab,
/// semicolon or bar. What cannot be read becomes the exception that the owner of the rows makes of it.
/// </summary>
public sealed class CsvRows : IDisposable
{
    readonly CsvDataReader _reader;
    readonly Func<string, Exception> _error;

    /// <param name="text">Text under a header; it is closed with the rows.</param>
    /// <param name="error">Makes an exception of what is wrong and what was expected.</param>
    /// <param name="mostOfARow">Characters of the longest row, where rows hold whole texts.</param>
    public CsvRows(TextReader text, Func<string, Exception> error, int? mostOfARow = null)
    {
        _error = error;
        try
        {
            var options = new CsvDataReaderOptions
            {
                HasHeaders = true, Culture = CultureInfo.InvariantCulture,
            };
            if (mostOfARow is { } most)
                (options.BufferSize, options.MaxBufferSize) = (Math.Min(most, 1 << 20), most);
            _reader = CsvDataReader.Create(text, options);
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw error("malformed CSV header; expected comma-separated column names");
        }
    }

    /// <summary>Columns of the header.</summary>
    public int Columns => _reader.FieldCount;

    /// <summary>Columns of the row, which may be fewer or more.</summary>
    public int Fields => _reader.RowFieldCount;

    /// <summary>Line of the row where no field holds a line break; the header is line 1.</summary>
    public int Line => _reader.RowNumber + 1;

    /// <summary>Moves to the next row; false at the end.</summary>
    public bool Read()
    {
        try
        {
            return _reader.Read();
        }
        catch (Exception e) when (IsMalformed(e))
        {
            throw _error($"malformed CSV after line {Line}; expected {Columns} columns");
        }
    }

    /// <summary>
    /// Position of a column by its name, however it is spelled; -1 when the header lacks it.
    /// </summary>
    public int Find(string name)
    {
        for (var i = 0; i < Columns; i++)
        {
            if (Name(i).AsSpan().Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
                return i;
        }
        return -1;
    }

    public string Name(int column) => _reader.GetName(column);

    public IEnumerable<string> Names()
    {
        for (var i = 0; i < Columns; i++)
            yield return Name(i);
    }

    /// <summary>A field of the row; empty where the row has fewer.</summary>
    public ReadOnlySpan<char> Field(int column) => column < Fields ? _reader.GetFieldSpan(column) : default;

    public void Dispose() => _reader.Dispose();

    static bool IsMalformed(Exception e) =>
        e is CsvFormatException or CsvRecordTooLargeException or CsvMissingHeadersException
            or InvalidDataException;
}
