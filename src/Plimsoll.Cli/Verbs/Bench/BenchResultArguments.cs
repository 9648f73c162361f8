using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Bench.Results;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>What is kept of a run, and how it is printed.</summary>
sealed class BenchResultArguments
{
    readonly Option<bool> _save =
        new("--save-result") { Description = "Write the result as JSON with vLLM's keys" };
    readonly Option<bool> _detailed =
        new("--save-detailed") { Description = "And every request in it: what `plimsoll calibrate` reads" };
    readonly Option<string?> _folder =
        new("--result-dir") { Description = "Folder of the result [default: here]" };
    readonly Option<string?> _name =
        new("--result-filename") { Description = "Its name [default: bench-DATE.json]" };
    readonly Option<string?> _steps = new("--step-log") { Description =
        "The engine's log of its steps (`plimsoll serve --decision-log`), joined for `plimsoll calibrate`" };
    readonly Option<string[]> _metadata = new("--metadata") { Description = "KEY=VALUE kept in the result",
        AllowMultipleArgumentsPerToken = true };
    readonly Option<string?> _csv = new("--csv") { Description = "Write a row per request" };
    readonly Option<string?> _parquet = new("--parquet") { Description = "Write a row per request" };
    readonly Option<string?> _llmd =
        new("--llmd-report") { Description = "Write llm-d's Benchmark Report v0.2.1 (JSON)" };
    readonly Option<string?> _report =
        new("--report") { Description = "Write one HTML page with pictures and tables" };

    readonly Option<string> _percentiles = new("--metric-percentiles")
    {
        Description = $"Percentiles to print beside {string.Join(", ", LatencyReport.UsualPercentiles)}",
        DefaultValueFactory = _ => "99",
    };

    readonly Option<string> _metrics = new("--percentile-metrics")
    {
        Description = "Latencies to print",
        DefaultValueFactory = _ => string.Join(',', VllmMetrics.All.Names),
    };

    readonly Option<double> _lateness = new("--max-client-lateness")
    {
        Description = "Share of a limit by which the client itself may be late before the run is invalid",
        DefaultValueFactory = _ => 0.1,
    };

    readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[]
        {
            _save, _detailed, _steps, _folder, _name, _metadata, _csv, _parquet, _llmd, _report, _percentiles,
                _metrics, _lateness,
            _json,
        })
        {
            command.Add(option);
        }
    }

    public BenchResultFiles Read(ParseResult parsed)
    {
        var lateness = parsed.GetValue(_lateness);
        if (!(lateness is > 0 and <= 1))
            throw new BadInputException($"--max-client-lateness {lateness}: expected above 0 and at most 1");
        var files = new BenchResultFiles
        {
            Result = Result(parsed),
            Detailed = parsed.GetValue(_detailed),
            Csv = parsed.GetValue(_csv),
            Parquet = parsed.GetValue(_parquet),
            Llmd = parsed.GetValue(_llmd),
            Report = parsed.GetValue(_report),
            Percentiles = Percentiles(parsed.GetValue(_percentiles)!),
            Metrics = Metrics(parsed.GetValue(_metrics)!),
            MostLateness = lateness,
            Metadata = BenchEndpointArguments.Pairs(parsed.GetValue(_metadata), "--metadata"),
            StepLog = parsed.GetValue(_steps),
            Json = parsed.GetValue(_json),
        };
        if (files.StepLog is { } log && !File.Exists(log))
        {
            throw new BadInputException($"--step-log {log}: no such file; expected the log that `plimsoll "
                + $"serve --decision-log` writes");
        }
        if (files.Metadata.FirstOrDefault(pair => VllmJson.IsOwn(pair.Key)) is { Key: { } own })
        {
            throw new BadInputException($"--metadata {own}: the result has a figure of that name; "
                + "expected another key");
        }
        foreach (var path in files.Paths)
            WholeFile.Check(path);
        return files;
    }

    string? Result(ParseResult parsed)
    {
        if (!parsed.GetValue(_save) && !parsed.GetValue(_detailed) && parsed.GetValue(_name) is null)
            return null;
        var folder = parsed.GetValue(_folder) ?? ".";
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"--result-dir {folder}: cannot be made "
                + $"({e.Message.TrimEnd('.')}); expected a folder");
        }
        var date = DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        return Path.Combine(folder, parsed.GetValue(_name) ?? $"bench-{date}.json");
    }

    static SortedSet<double> Percentiles(string text)
    {
        var percentiles = new SortedSet<double>(LatencyReport.UsualPercentiles);
        foreach (var part in text.Split(',',
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                || !(value is > 0 and < 100))
            {
                throw new BadInputException(
                    $"--metric-percentiles {part}: expected percentiles above 0 and below 100");
            }
            percentiles.Add(value);
        }
        return percentiles;
    }

    static IReadOnlyList<string> Metrics(string text)
    {
        var metrics = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(name => VllmMetrics.TryFind(name, out var metric) ? metric.Name()
                : throw new BadInputException($"--percentile-metrics {text}: expected {VllmMetrics.All}"));
        return [.. metrics];
    }
}
