using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Tuning.Datasets;

/// <summary>Which columns of a CSV file hold what.</summary>
public sealed record CsvColumns(string Prompt, string Completion, string? System = null,
    string? Group = null);

/// <summary>Records from a CSV file with a header, by column names.</summary>
public static class CsvRecords
{
    /// <summary>Characters of a row: prompts and answers are whole texts.</summary>
    const int MostOfARow = 1 << 24;

    /// <exception cref="BadInputException">A column that is not there, or a row with
    /// an empty cell.</exception>
    public static IEnumerable<TrainingRecord> Read(string path, CsvColumns columns)
    {
        using var csv = Open(path);
        var prompt = Ordinal(path, csv, columns.Prompt);
        var completion = Ordinal(path, csv, columns.Completion);
        var system = columns.System is null ? -1 : Ordinal(path, csv, columns.System);
        var group = columns.Group is null ? -1 : Ordinal(path, csv, columns.Group);
        while (csv.Read())
        {
            var at = $"{path}:{csv.Line}";
            if (csv.Fields < csv.Columns)
                throw new BadInputException($"{at}: {csv.Fields} columns; expected {csv.Columns}");
            var record = RecordReader.Pair(
                csv.Field(prompt).ToString(), csv.Field(completion).ToString(), at);
            if (system >= 0 && csv.Field(system) is { Length: > 0 } text)
            {
                record = record with
                {
                    Messages = [new ChatMessage("system", text.ToString()), .. record.Messages],
                };
            }
            yield return group >= 0 ? record with { Group = csv.Field(group).ToString() } : record;
        }
    }

    static CsvRows Open(string path)
    {
        try
        {
            return new CsvRows(
                File.OpenText(path), what => new BadInputException($"{path}: {what}"), MostOfARow);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; "
                + "expected a CSV file with a header");
        }
    }

    static int Ordinal(string path, CsvRows csv, string column) => csv.Find(column) is >= 0 and var found
        ? found
        : throw new BadInputException($"{path}: no column '{column}'; expected one of "
            + $"{string.Join(", ", csv.Names())}");
}
