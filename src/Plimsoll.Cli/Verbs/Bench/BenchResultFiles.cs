using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using Plimsoll.Bench.Results;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>Where a run's results go.</summary>
sealed record BenchResultFiles
{
    public required string? Result { get; init; }

    public required bool Detailed { get; init; }

    public required string? Csv { get; init; }

    public required string? Parquet { get; init; }

    public required string? Llmd { get; init; }

    public required string? Report { get; init; }

    public required IReadOnlyCollection<double> Percentiles { get; init; }

    public required IReadOnlyList<string> Metrics { get; init; }

    public required double MostLateness { get; init; }

    public required IReadOnlyList<KeyValuePair<string, string>> Metadata { get; init; }

    public required string? StepLog { get; init; }

    public required bool Json { get; init; }

    public bool NeedsDetail => Detailed || Csv is not null || Parquet is not null;

    public IEnumerable<string> Paths => new[] { Result, Csv, Parquet, Llmd, Report }.OfType<string>();

    /// <summary>Writes whatever was asked for, the page aside.</summary>
    public void Save(BenchResult result, DetailSpool? detail, Action<Utf8JsonWriter>? more)
    {
        using var empty = new DetailSpool();
        if (Result is not null)
            VllmJson.Save(result, Result, Detailed ? detail ?? empty : null, more);
        if (Csv is not null)
            CsvExport.Save(result, detail ?? empty, Csv);
        if (Parquet is not null)
            ParquetExport.Save(result, detail ?? empty, Parquet);
        if (Llmd is not null)
            LlmdReport.Save(result, Llmd, CommandLine.Version);
    }
}
