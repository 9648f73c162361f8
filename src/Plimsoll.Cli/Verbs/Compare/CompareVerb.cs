using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Planning.Compare;
using Plimsoll.Reports;
using Plimsoll.Reports.Pictures;

namespace Plimsoll.Cli.Verbs.Compare;

/// <summary><c>plimsoll compare</c>: what changed between two costs, and through what.</summary>
sealed class CompareVerb(TextWriter output, TextWriter story)
{
    readonly Argument<string?> _first = new("A")
    {
        Description = $"KEY=VALUE,… of {SideReader.Known}; or the JSON of an account or a plan",
        Arity = ArgumentArity.ZeroOrOne,
    };

    readonly Argument<string?> _second = new("B")
    {
        Description = "The other side, in the same words",
        Arity = ArgumentArity.ZeroOrOne,
    };

    readonly Option<string?> _from = new("--from")
    {
        Description = "Date of A, 2023-03 or 2023-03-31: its prices, its engine, its newest card",
    };

    readonly Option<string?> _to = new("--to") { Description = "Date of B" };

    readonly Option<string?> _model = new("--model")
    {
        Description = "Of both sides [default: Llama-3.3-70B]",
    };

    readonly Option<string?> _gpu = new("--gpu")
    {
        Description = "Of both sides [default: h100_sxm; with a date the newest of the time]",
    };

    readonly Option<string?> _workload = new("--workload") { Description = "Of both sides [default: chat]" };

    readonly TraceArguments _trace = new();

    readonly Option<string[]> _promise = new("--promise")
    {
        Description = "Of both sides; repeatable [default: ttft p95 500ms, tpot p95 50ms]",
    };

    readonly Option<bool> _batch = new("--batch")
    {
        Description = "Work that nobody waits for, on both sides",
    };

    readonly Option<string?> _order = new("--order")
    {
        Description = "Drivers in the order of the last column, separated by commas",
    };

    readonly Option<long> _requests = new("--requests")
    {
        Description = "Requests of each simulated run",
        DefaultValueFactory = _ => 3000,
    };

    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of all random draws",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<FileInfo?> _report = new("--report")
    {
        Description = "Write a self-contained HTML page here",
    };

    readonly Option<DirectoryInfo?> _plots = new("--plots")
    {
        Description = "Write each picture as PNG and SVG into this folder",
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command(
            "compare", "What changed between two costs: dates, cards, engines, models, promises, prices.")
        {
            _first, _second, _from, _to, _model, _gpu, _workload, _promise, _batch, _order, _requests, _seed,
            _report, _plots, _json,
        };
        _trace.AddTo(command);
        _model.Suggest(Suggestions.Models);
        _gpu.Suggest(Suggestions.Accelerators);
        _workload.Suggest(Suggestions.Workloads);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var requests = parsed.GetValue(_requests);
        if (requests is < 200 or > 1_000_000_000)
            throw new BadInputException($"--requests {requests}: expected 200 to 1000000000");
        var reader = new SideReader(Common(parsed), _trace.Read(parsed), parsed.GetValue(_batch));
        var from = reader.Read(parsed.GetValue(_first), parsed.GetValue(_from));
        var to = reader.Read(parsed.GetValue(_second), parsed.GetValue(_to));
        if (parsed.GetValue(_report) is { } page)
            WholeFile.Check(page.FullName);
        if (parsed.GetValue(_plots) is { } folder)
            WholeFile.CheckFolder(folder.FullName);
        using var progress = new ProgressLine(story, "comparing", ProgressLine.Whole);
        var outcome = Comparison.Of(
            from, to, requests, parsed.GetValue(_seed),
            parsed.GetValue(_order)?.Split(',').Select(name => name.Trim()).ToList(), progress.ReportShare);
        progress.Clear();
        if (outcome.Document is not { } document)
        {
            story.WriteLine($"plimsoll: {outcome.Broken}");
            return CommandLine.Failed;
        }
        Write(parsed, document);
        output.Write(parsed.GetValue(_json) ? document.Write() : CompareText.Of(document));
        return CommandLine.Done;
    }

    Dictionary<string, string> Common(ParseResult parsed)
    {
        var common = new Dictionary<string, string>();
        foreach (var (key, option) in new[] { ("model", _model), ("gpu", _gpu), ("workload", _workload) })
        {
            if (parsed.GetValue(option) is { } value)
                common[key] = value;
        }
        if (parsed.GetValue(_promise) is { Length: > 0 } limits)
        {
            if (parsed.GetValue(_batch))
                throw new BadInputException("--batch: has no promise; expected it without --promise");
            common["promise"] = string.Join('+', limits);
        }
        return common;
    }

    /// <summary>Files come before the result, so that a path that fails leaves no output.</summary>
    void Write(ParseResult parsed, CompareDocument document)
    {
        var picture = Picture(document);
        if (parsed.GetValue(_plots) is { } folder)
            WholeFile.WriteIn(folder.FullName, Plots.Draw([picture]));
        if (parsed.GetValue(_report) is not { } file)
            return;
        var table = new PageTable(
            "Drivers", ["<driver", "<from", "<to", "USD/M tokens", "90 % interval", "in this order"],
            [.. document.Drivers.Select(d => new[]
            {
                "<" + d.Name, "<" + d.From, "<" + d.To, Signed(d.UsdPerMillionTokens),
                $"{Signed(d.Low)} to {Signed(d.High)}", Signed(d.InThisOrder),
            })]);
        var model = new PageModel
        {
            Brand = "plimsoll compare",
            Headline = $"{document.From.Model} on {document.From.Gpu} against {document.To.Model} on "
                + document.To.Gpu,
            Lines = [Side("from", document.From), Side("to", document.To)],
            Figures =
            [
                Figure("from", document.From), Figure("to", document.To),
                Ratio(document.Change),
            ],
            Pictures = [picture],
            Tables = [table],
            Notes =
            [
                $"Shapley values over {document.Simulated} simulated combinations; they sum to the change; "
                + "in this order: what each adds when they change from top to bottom",
                "fleets are fractions of replicas, without spares",
                .. document.Notes,
                $"printed by: {Flags.CommandOf(parsed)}",
            ],
            Version = CommandLine.VersionAndCommit,
        };
        WholeFile.Write(file.FullName, text => Page.Write(model, text));
    }

    static string Signed(decimal? usd) =>
        usd?.ToString("+0.000;−0.000;0.000", CultureInfo.InvariantCulture) ?? "no bound";

    static string Side(string name, CompareSide side) => $"{name}: {side.Model} {side.Weights}/{side.Kv} on "
        + $"{side.Gpu}, {side.Engine}; {side.Workload}; "
        + (side.Promise.Count > 0 ? string.Join(", ", side.Promise) : "no promise") + "; "
        + FormattableString.Invariant($"${side.UsdPerGpuHour:0.00##} an hour")
        + (side.PriceAsOf is { } day ? $" ({day})" : "");

    static PageFigure Ratio(CompareChange change) => new(
        FormattableString.Invariant($"{change.Ratio:0.00} ×"),
        FormattableString.Invariant($"the second over the first; 90 % interval {change.RatioLow:0.00} to ")
            + (change.RatioHigh?.ToString("0.00", CultureInfo.InvariantCulture) ?? "no bound"));

    static PageFigure Figure(string name, CompareSide side) => new(
        FormattableString.Invariant($"${side.UsdPerMillionTokens:0.00}"),
        FormattableString.Invariant($"{name}, per million tokens; 90 % interval ${side.Low:0.00} to ")
            + (side.High is { } high ? FormattableString.Invariant($"${high:0.00}") : "no bound")
            + $", tier {side.Tier}");

    static ReportPicture Picture(CompareDocument document) => new(
        "change", "What each driver changed of the cost of a million tokens.", ChangePicture.Draw(
            "What changed", "USD per million tokens; bars are Shapley values, lines their 90 % intervals",
            ($"{document.From.Model} on {document.From.Gpu}", (double)document.From.UsdPerMillionTokens),
            [.. document.Drivers.Select(d => (
                d.Name, (double)d.UsdPerMillionTokens, (double?)d.Low, (double?)d.High))],
            ($"{document.To.Model} on {document.To.Gpu}", (double)document.To.UsdPerMillionTokens)));
}
