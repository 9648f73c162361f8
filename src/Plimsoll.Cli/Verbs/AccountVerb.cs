using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Files;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Levers;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll account</c>: the cost of a token at a promised latency, and where it goes.</summary>
sealed class AccountVerb(TextWriter output, TextWriter story)
{
    readonly ServingOptions _serving = new();

    readonly Option<string> _window = new("--window", "--batch-window")
    {
        Description = "Completion window of the batch class",
        DefaultValueFactory = _ => "24h",
    };

    readonly Option<string?> _price = new("--price")
    {
        Description = "USD per accelerator-hour, or a provider type or term of the catalogue, with an "
            + "optional date: 2.49, neocloud, spot, hyperscaler@2026-08-21 "
            + "[default: latest on-demand median]",
    };

    readonly Option<int> _spare = new("--spare-replicas")
    {
        Description = "Interactive replicas beyond the busiest hour's need",
        DefaultValueFactory = _ => 1,
    };

    readonly Option<string?> _batchWorkload = new("--batch-workload")
    {
        Description = "Simulate batch work in the idle time of the interactive fleet, and its bill: a family "
            + "or a trace file [default: none; the credit is then not simulated]",
    };

    readonly Option<double?> _batchRate = new("--batch-rate")
    {
        Description = "With --batch-workload: lines that come to the fleet, per second, evenly over the week "
            + "[default: a backlog without end]",
    };

    readonly Option<string?> _batchMap = BatchOptions.CreateMap();

    readonly Option<double> _batchShare = BatchOptions.CreateShare();
    readonly Option<string?> _tenantWeights = TenantWeights.Create();

    readonly Option<bool> _levers = new("--levers")
    {
        Description = "Every lever re-simulated: overlaps, break-evens, durability; not with --json",
    };

    readonly Option<FileInfo?> _report =
        new("--report") { Description = "Write a self-contained HTML page here" };

    readonly Option<DirectoryInfo?> _plots =
        new("--plots") { Description = "Write each picture as PNG and SVG into this folder" };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command =
            new Command("account", "What a token costs, batch and interactive, and where the money goes.");
        _serving.AddTo(command);
        _price.Suggest(Suggestions.ProviderTypes);
        foreach (var option in new Option[]
        {
            _window, _price, _spare, _batchWorkload, _batchRate, _batchMap, _batchShare, _tenantWeights,
            _levers, _report, _plots, _json,
        })
        {
            command.Add(option);
        }
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var spare = parsed.GetValue(_spare);
        if (spare is < 0 or > 10_000)
            throw new BadInputException($"--spare-replicas {spare}: expected 0 to 10000");
        if (parsed.GetValue(_levers) && parsed.GetValue(_json))
            throw new BadInputException("--levers: expected it without --json, which plan takes with it");
        var backfill = BatchOptions.Open(parsed.GetValue(_batchWorkload), parsed.GetValue(_batchMap));
        var batchRate = BatchOptions.Rate(parsed.GetValue(_batchRate));
        if (backfill is null)
        {
            parsed.RefuseGiven(
                $": expected {_batchWorkload.Name} with it", _batchRate, _batchMap, _batchShare,
                _tenantWeights);
        }
        var window = PromiseText.Duration(
            parsed.GetValue(_window)!, parsed.GetResult(_window)?.IdentifierToken?.Value ?? _window.Name);
        var serving = _serving.Resolve(parsed);
        if (parsed.GetValue(_levers) && serving.Deployment.Profile is not null)
        {
            throw new BadInputException(
                "--levers: other cards and releases have no fitted profile; expected it without --profile");
        }
        var price = Catalogue.BuiltIn.FindPrice(serving.Deployment.Accelerator, parsed.GetValue(_price));
        if (parsed.GetValue(_report) is { } page)
            WholeFile.Check(page.FullName);
        if (parsed.GetValue(_plots) is { } folder)
            WholeFile.CheckFolder(folder.FullName);
        using var progress = new ProgressLine(story, "accounting", ProgressLine.Whole);
        var outcome = Accountant.Account(new AccountRequest
        {
            Serving = serving,
            Price = price,
            BatchWindowNs = window,
            SpareReplicas = spare,
            Backfill = backfill,
            BackfillLinesPerSecond = batchRate,
            BackfillShare = BatchOptions.Share(parsed.GetValue(_batchShare), serving.Levels),
            BackfillTenantWeights =
                backfill is null ? [] : TenantWeights.Read(parsed.GetValue(_tenantWeights), backfill),
            Progress = progress.ReportShare,
        });
        progress.Clear();
        if (outcome.Result is not { } result)
        {
            story.WriteLine($"plimsoll: {outcome.Broken}");
            WriteNearest(parsed, outcome);
            return CommandLine.Failed;
        }
        WriteReport(parsed, outcome);
        output.Write(parsed.GetValue(_json) ? AccountJson.Of(result, outcome.Credits, outcome.Notes)
            : AccountText.Of(outcome) + (parsed.GetValue(_levers) ? Levers(outcome) : ""));
        return CommandLine.Done;
    }

    string Levers(AccountOutcome outcome)
    {
        using var pulling = new ProgressLine(story, "pulling levers", ProgressLine.Whole);
        var book = LeverBooks.Of(
            PlanSides.Of(outcome.Request.Serving, outcome.Request.Price), requests: 2000,
            outcome.Request.Serving.Seed, pulling.ReportShare);
        pulling.Clear();
        var text = new StringBuilder();
        if (book is not null)
            LeverText.Write(text, book);
        return text.ToString();
    }

    /// <summary>
    /// A page that was asked for is written for the nearest promise that can be kept, and says so.
    /// </summary>
    void WriteNearest(ParseResult parsed, AccountOutcome outcome)
    {
        if (parsed.GetValue(_report) is null && parsed.GetValue(_plots) is null)
            return;
        if (NearestPromise.Find(outcome) is not { } nearest)
        {
            story.WriteLine("plimsoll: no looser limit is kept either; no page is written");
            return;
        }
        var promise = string.Join(", ", nearest.Request.Serving.Limits.Select(PromiseText.Of));
        var bill = nearest.Result!.Classes[0].Cost.UsdPerMillionTokens;
        var nearestLine = FormattableString.Invariant(
            $"the nearest promise that can be kept is {promise}, at ${bill:0.00} per million tokens");
        story.WriteLine($"plimsoll: {nearestLine}");
        WriteReport(parsed, nearest, $"{outcome.Broken}. This page shows another promise: {nearestLine}.");
    }

    /// <summary>
    /// Report and pictures come before the result, so that a path that fails leaves no output.
    /// </summary>
    void WriteReport(ParseResult parsed, AccountOutcome outcome, string? unkept = null)
    {
        var page = parsed.GetValue(_report);
        var folder = parsed.GetValue(_plots);
        if (page is null && folder is null)
            return;
        using var progress = new ProgressLine(story, "sweeping the rate", ReportBuilder.Runs);
        var model =
            ReportBuilder.Build(outcome, Flags.CommandOf(parsed), CommandLine.VersionAndCommit,
                progress.Report)
                with { Unkept = unkept };
        progress.Clear();
        if (folder is not null)
            WholeFile.WriteIn(folder.FullName, Plots.Draw(model));
        if (page is not null)
            WholeFile.Write(page.FullName, text => HtmlReport.Write(model, text));
    }
}
