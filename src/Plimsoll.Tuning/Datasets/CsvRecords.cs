using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;
using Sylvan.Data.Csv;

namespace Plimsoll.Tuning.Datasets;

/// <summary>Which columns of a CSV file hold what.</summary>
public sealed record CsvColumns(string Prompt, string Completion, string? System = null,
    string? Group = null);

/// <summary>Records from a CSV file with a header, by column names.</summary>
public static class CsvRecords
{
    /// <exception cref="BadInputException">A column that is not there, or a row with
    /// an empty cell.</exception>
    public static IEnumerable<TrainingRecord> Read(string path, CsvColumns columns)
    {
        CsvDataReader csv;
        try
        {
            csv = CsvDataReader.Create(path, new CsvDataReaderOptions { BufferSize = 1 << 20,
                MaxBufferSize = 1 << 24 });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CsvFormatException
            or InvalidDataException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; "
                + "expected a CSV file with a header");
        }
        using (csv)
        {
            var prompt = Ordinal(path, csv, columns.Prompt);
            var completion = Ordinal(path, csv, columns.Completion);
            var system = columns.System is null ? -1 : Ordinal(path, csv, columns.System);
            var group = columns.Group is null ? -1 : Ordinal(path, csv, columns.Group);
            while (Next(path, csv))
            {
                var at = $"{path}:{csv.RowNumber + 1}";
                if (csv.RowFieldCount < csv.FieldCount)
                {
                    throw new BadInputException($"{at}: {csv.RowFieldCount} columns; expected "
                        + $"{csv.FieldCount}");
                }
                var record = RecordReader.Pair(csv.GetString(prompt), csv.GetString(completion), at);
                if (system >= 0 && csv.GetString(system) is { Length: > 0 } text)
                    record = record with { Messages = [new ChatMessage("system", text), .. record.Messages] };
                yield return group >= 0 ? record with { Group = csv.GetString(group) } : record;
            }
        }
    }

    static bool Next(string path, CsvDataReader csv)
    {
        try
        {
            return csv.Read();
        }
        catch (Exception e) when (e is CsvFormatException or InvalidDataException or IOException)
        {
            throw new BadInputException($"{path}:{csv.RowNumber + 1}: "
                + $"{e.Message.TrimEnd('.')}; expected a CSV row");
        }
    }

    static int Ordinal(string path, CsvDataReader csv, string column)
    {
        var names = new List<string>();
        for (var i = 0; i < csv.FieldCount; i++)
        {
            if (csv.GetName(i) == column)
                return i;
            names.Add(csv.GetName(i));
        }
        throw new BadInputException($"{path}: no column '{column}'; expected one of "
            + $"{string.Join(", ", names)}");
    }
}
