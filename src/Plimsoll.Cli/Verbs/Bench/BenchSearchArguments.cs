using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Search;
using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>Whether rates are searched or swept instead of sent.</summary>
sealed class BenchSearchArguments
{
    readonly Option<bool> _find = new("--find-load-line")
    {
        Description = "Find the highest rate that keeps the promise, with an interval",
    };

    readonly Option<string> _budget = new("--search-budget")
    {
        Description = "How long the search may take",
        DefaultValueFactory = _ => "15min",
    };

    readonly Option<double> _precision = new("--search-precision")
    {
        Description = "Half width of the interval, relative, at which the search stops early",
        DefaultValueFactory = _ => 0.03,
    };

    readonly Option<string?> _sweep = new("--sweep")
    {
        Description = "Rates to measure one after the other, such as 1,2,5,10: the cost-latency curve",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _find, _budget, _precision, _sweep })
            command.Add(option);
    }

    /// <summary>The search; null without one.</summary>
    public LoadLineOptions? Search(ParseResult parsed, IReadOnlyList<LevelOptions> levels)
    {
        if (!parsed.GetValue(_find))
            return null;
        if (levels is not [var level])
        {
            throw new BadInputException("--find-load-line: searches one level at a time; expected no "
                + "--levels of several");
        }
        if (level.Promise.Count == 0 || !level.Judged)
        {
            throw new BadInputException("--find-load-line: expected a promise, such as "
                + "--promise \"ttft p95 500ms\"");
        }
        if (level.Promise.Any(limit => limit.Metric == Metric.Itl))
        {
            throw new BadInputException("--find-load-line: gaps between tokens belong to no request; "
                + "expected ttft, tpot or e2e");
        }
        if (level.Workload is { ClosedLoop: true })
        {
            throw new BadInputException($"--find-load-line: {level.Workload.Name} waits for answers; "
                + $"expected an open workload");
        }
        var precision = parsed.GetValue(_precision);
        if (!(precision is > 0 and < 1))
            throw new BadInputException($"--search-precision {precision}: expected above 0 and below 1");
        return new LoadLineOptions
        {
            StartRate = level.RequestsPerSecond is > 0 and var rate && double.IsFinite(rate)
                && level.Workload is null ? rate : 1,
            BudgetNs = PromiseText.Duration(parsed.GetValue(_budget)!, "--search-budget"),
            Precision = precision,
        };
    }

    /// <summary>Rates to sweep, rising; empty without a sweep.</summary>
    public IReadOnlyList<double> Sweep(ParseResult parsed)
    {
        if (parsed.GetValue(_sweep) is not { } text)
            return [];
        if (parsed.GetValue(_find))
            throw new BadInputException("--sweep and --find-load-line: expected one of them");
        return [.. text.Split(',', StringSplitOptions.TrimEntries).Select(Rate).Order()];
    }

    static double Rate(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate)
            && rate is > 0 and <= 1e6
            ? rate
            : throw new BadInputException($"--sweep {text}: expected rates above 0 and at most 1000000");
}
