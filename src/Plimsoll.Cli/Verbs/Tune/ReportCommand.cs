using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Storage;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Deployment;
using Plimsoll.Tuning.Drafts;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Migration;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary>
/// <c>plimsoll tune report ADAPTER</c>: what moving the task is worth, from its gates' evidence, the ledger
/// and what the migration cost.
/// </summary>
sealed class ReportCommand(TuneStage stage)
{
    readonly Argument<string> _adapter = new("ADAPTER")
    {
        Description = "Hash of the candidate, or TASK@NAME",
    };
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _task = new("--task")
    {
        Description = "Name of the task",
        DefaultValueFactory = _ => "task",
    };
    readonly Option<double?> _labels = new("--labels-usd") { Description =
        "What the labels cost; 0 where they were there [default: the teacher's bill]" };
    readonly Option<double?> _training = new("--training-usd")
    {
        Description = "What training cost [default: of the run, where its price was given]",
    };
    readonly Option<double> _evaluation = new("--evaluation-usd")
    {
        Description = "What judging cost",
        DefaultValueFactory = _ => 0,
    };
    readonly Option<double> _shadow = new("--shadow-usd") { Description =
        "What the shadow costs; 0 where it fits the slack", DefaultValueFactory = _ => 0 };
    readonly Option<string?> _api = new("--api-usd")
    {
        Description = "Price of a shared endpoint, USD per million input,output tokens: 0.10,0.40",
    };
    readonly Option<string?> _ledger = new("--ledger")
    {
        Description = "Ledger with the task's traffic [default: the workload that gate 5 simulated]",
    };
    readonly Option<string?> _model = new("--ledger-model")
    {
        Description = "Model or adapter that answers the task there",
    };
    readonly Option<FileInfo?> _html = new("--html") { Description = "Write the page here" };
    readonly Option<bool> _json = new("--json") { Description = "Print JSON" };

    public Command Build()
    {
        var command = new Command("report", "The migration report: what moving the task costs once, saves, "
            + "and when it has paid.")
        {
            _adapter, _registry, _task, _labels, _training, _evaluation, _shadow, _api, _ledger, _model,
            _html, _json,
        };
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        using var workspace = TuneStage.Open(parsed.GetValue(_registry)!);
        var adapter = TuneStage.AdapterOf(workspace, parsed.GetValue(_adapter)!);
        if (parsed.GetValue(_html) is { } page)
            WholeFile.Check(page.FullName);
        var gates = new Releases(workspace).GatesOf(adapter);
        var report = MigrationReport.Of(Facts(parsed, workspace, adapter, gates), seed: 1);
        var drafts = Drafts(workspace, adapter);
        if (parsed.GetValue(_html) is { } file)
        {
            WholeFile.Write(file.FullName, text =>
                Page.Write(MigrationPage.Of(report, gates, drafts, CommandLine.VersionAndCommit), text));
        }
        if (parsed.GetValue(_json))
        {
            var json = JsonSerializer.SerializeToNode(report, CanonicalJson.Options)!;
            json["drafts"] = JsonSerializer.SerializeToNode(drafts, CanonicalJson.Options);
            stage.Output.WriteLine(json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return CommandLine.Done;
        }
        foreach (var line in MigrationText.Lines(report))
            stage.Output.WriteLine(line);
        foreach (var line in drafts)
            stage.Output.WriteLine($"Upkeep: {line}.");
        return CommandLine.Done;
    }

    // The upkeep that the adapter's newest release asks of its drafts, as last measured.
    static List<string> Drafts(TuneWorkspace workspace, string adapter)
    {
        var records = new DraftRecords(workspace);
        foreach (var release in workspace.Registry.Users(adapter, "adapter")
            .Where(h => workspace.Registry.Get(h).Kind == ManifestKind.Release))
        {
            var used = records.InUse((string)workspace.Registry.Get(release).Facts["task"]!);
            if (records.Of(release) is [var newest, ..])
                return [.. DraftLines.Of(newest, used)];
        }
        return ["drafts not measured; expected plimsoll tune release or tune draft"];
    }

    MigrationFacts Facts(ParseResult parsed, TuneWorkspace workspace, string adapter,
        IReadOnlyList<GateOutcome> gates)
    {
        var saving = Evidence(gates, "saving", "plimsoll tune saving");
        var quality = Evidence(gates, "quality", "plimsoll tune evaluate");
        var traffic = Traffic(parsed, saving);
        return new MigrationFacts(
            parsed.GetValue(_task)!, traffic, Side(saving, "current"),
            Side(saving, "candidate"), Pairs(quality), (double)quality["margin"]!,
            new OneOffCosts(
                Labels(parsed, workspace, adapter), Training(parsed, workspace, adapter),
                Amount(parsed.GetValue(_evaluation), _evaluation.Name),
                Amount(parsed.GetValue(_shadow), _shadow.Name)),
            SharedApi(parsed.GetValue(_api)), (double)saving["peak_over_mean"]!,
            (int)saving["spare_replicas"]!, (double)saving["adapter_overhead"]!, (string)saving["promise"]!,
            StandsFor(saving), OtherTraffic(saving, traffic));
    }

    // Money of long requests beside the count of short ones would be nobody's bill.
    static string? OtherTraffic(JsonObject saving, TrafficFacts traffic)
    {
        var (prompt, output) = ((double)saving["prompt_tokens"]!, (double)saving["output_tokens"]!);
        var (asked, answered) = (traffic.PromptTokens / traffic.Requests,
            traffic.OutputTokens / traffic.Requests);
        static bool Near(double a, double b) => a <= 1.25 * b + 1 && b <= 1.25 * a + 1;
        return Near(prompt, asked) && Near(output, answered) ? null : string.Create(
            CultureInfo.InvariantCulture, $"gate 5 simulated requests of {prompt:0} and {
                output:0} tokens, the ledger's have {asked:0} and {
                answered:0}; expected plimsoll tune saving --workload with the task's own trace");
    }

    // A tenth more or less is how embeddings are counted, not another model.
    static string? StandsFor(JsonObject saving)
    {
        if (saving["judged_parameters"] is not { } node || saving["candidate_parameters"] is not { } other)
            return null;
        var (judged, candidate) = ((double)node, (double)other);
        return Math.Abs(judged / candidate - 1) < 0.1 ? null : string.Create(CultureInfo.InvariantCulture,
            $"accuracy was measured on a base of {judged / 1e6:G3} million parameters and on what answers "
                + $"now; the money is that of {saving["candidate"]!["model"]} and {
                saving["current"]!["model"]}, for which they stand here");
    }

    static JsonObject Evidence(IReadOnlyList<GateOutcome> gates, string name, string by) =>
        gates.FirstOrDefault(g => g.Gate == name)?.Facts
        ?? throw new BadInputException($"{name} has not been judged; expected {by} before");

    static PairedProportions Pairs(JsonObject quality)
    {
        var count = (int)quality["examples"]!;
        var (only, current) = ((int)quality["only_candidate"]!, (int)quality["only_current"]!);
        var both = (int)Math.Round((double)quality["candidate_accuracy"]! * count) - only;
        return new PairedProportions(both, only, current, count - both - only - current);
    }

    static ServingFacts Side(JsonObject saving, string side)
    {
        var facts = saving[side]!.AsObject();
        if (facts["usd_per_request"] is null)
            throw new BadInputException($"{side}: {facts["broken"]}; expected a promise that it keeps");
        return new ServingFacts(
            (string)facts["model"]!, (string)facts["gpu"]!,
            (double)facts["usd_per_request"]!, (double)facts["usd_low"]!, (double?)facts["usd_high"],
            (double)facts["load_line_requests_per_second"]!, (double)facts["utilisation"]!,
            (int)facts["replicas"]!,
            (double)facts["usd_per_gpu_hour"]! * (int)facts["accelerators_per_replica"]!,
            (double?)facts["ttft_p95_ms"], (double?)facts["itl_p95_ms"], (string)facts["tier"]!,
            (string)facts["price"]!);
    }

    double Labels(ParseResult parsed, TuneWorkspace workspace, string adapter)
    {
        if (parsed.GetValue(_labels) is { } given)
            return Amount(given, _labels.Name);
        var dataset = workspace.Registry.Get(workspace.SpecOf(adapter).Links["dataset"]);
        return (double?)dataset.Facts["origin"]?["teacher"]?["usd"] ?? throw new BadInputException(
            "no teacher labelled the dataset; expected --labels-usd, 0 where the labels were there");
    }

    double Training(ParseResult parsed, TuneWorkspace workspace, string adapter)
    {
        if (parsed.GetValue(_training) is { } given)
            return Amount(given, _training.Name);
        var run = workspace.Registry.Get(workspace.Registry.Get(adapter).Links["run"]);
        return (double?)run.Facts["usd"] ?? throw new BadInputException(
            "the run has no price; expected --training-usd, or tune run --usd-per-hour");
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    TrafficFacts Traffic(ParseResult parsed, JsonObject saving)
    {
        if (parsed.GetValue(_ledger) is not { } ledger)
        {
            const double hours = 30 * 24;
            var requests = (double)saving["requests_per_second"]! * 3600 * hours;
            return new TrafficFacts(
                $"workload {saving["workload"]}, 30 days of it", requests, hours,
                requests * (double)saving["prompt_tokens"]!, requests * (double)saving["output_tokens"]!,
                CachedShare: null, Usd: null);
        }
        var name = parsed.GetValue(_model)
            ?? throw new BadInputException("--ledger: expected --ledger-model beside it");
        if (!Database.IsPostgres(ledger) && !File.Exists(ledger))
            throw new BadInputException($"{ledger}: no such ledger; expected what plimsoll serve wrote");
        using var database = Database.Open(ledger, ".");
        var rows = LedgerReader.Rows(database).Where(r => r.Adapter == name || r.Model == name).ToList();
        var asked = rows.Sum(r => r.Requests);
        if (asked == 0)
            throw new BadInputException($"{ledger}: no request of {name}; expected --ledger-model of one");
        var prompt = rows.Sum(r => (double)r.PromptTokens);
        return new TrafficFacts(
            "ledger", asked, rows.Max(r => r.Hour) - rows.Min(r => r.Hour) + 1, prompt,
            rows.Sum(r => (double)r.OutputTokens),
            prompt == 0 ? null : rows.Sum(r => r.CachedTokens) / prompt,
            rows.Sum(r => r.Total / 1e12));
    }

    SharedApiPrice? SharedApi(string? text)
    {
        if (text is null)
            return null;
        var parts = text.Split(',');
        return parts.Length == 2 && Number(parts[0]) is { } input && Number(parts[1]) is { } output
            ? new SharedApiPrice(input, output, "as given")
            : throw new BadInputException($"{_api.Name} {text}: expected INPUT,OUTPUT above 0, as 0.10,0.40");
    }

    static double? Number(string text) => double.TryParse(
        text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is > 0 and < 1e6
            ? value : null;

    static double Amount(double usd, string option) => usd is >= 0 and < 1e12 ? usd
        : throw new BadInputException(FormattableString.Invariant($"{option} {usd}: expected at least 0"));
}
