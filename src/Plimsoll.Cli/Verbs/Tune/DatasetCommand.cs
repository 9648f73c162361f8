using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Cli.Verbs.Tune;

/// <summary><c>plimsoll tune dataset FILE</c>.</summary>
sealed class DatasetCommand(TuneStage stage)
{
    readonly Argument<string> _file = new("FILE")
    {
        Description = "JSONL (chat, preferences, prompt and completion), .csv, or captured traffic",
    };
    readonly Option<string> _registry = TuneStage.RegistryOption();
    readonly Option<string> _base = TuneStage.BaseOption();
    readonly Option<string> _prompt = new("--prompt")
    {
        Description = "CSV column of prompts",
        DefaultValueFactory = _ => "text",
    };
    readonly Option<string> _completion = new("--completion")
    {
        Description = "CSV column of answers",
        DefaultValueFactory = _ => "label",
    };
    readonly Option<string?> _system = new("--system") { Description = "CSV column of system prompts" };
    readonly Option<string?> _group = new("--group")
    {
        Description = "CSV column of groups, which a split never cuts",
    };
    readonly Option<bool> _captured = new("--captured")
    {
        Description = "FILE is captured traffic: requests with their responses",
    };
    readonly Option<string?> _tenant = new("--tenant")
    {
        Description = "Of captured traffic, this tenant's only",
    };
    readonly Option<string?> _model = new("--answered-by")
    {
        Description = "Of captured traffic, what this model or release answered only",
    };
    readonly Option<string[]> _evaluation = new("--evaluation") { Description = "NAME=FILE of records that "
        + "must not be trained on; repeatable" };
    readonly Option<double> _near = new("--near-duplicates") { Description =
        "Overlap from which records are one; 0 keeps them", DefaultValueFactory = _ => 0.8 };
    readonly Option<bool> _pii = new("--keep-pii") { Description = "Leave personal data and keys in" };
    readonly Option<double> _share = new("--validation-share")
    {
        Description = "Held out by group",
        DefaultValueFactory = _ => 0.1,
    };
    readonly Option<int> _most = new("--most-tokens") { Description = "Leave longer records out; 0 keeps all",
        DefaultValueFactory = _ => 0 };
    readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of the split",
        DefaultValueFactory = _ => 1,
    };
    readonly Option<int> _show = new("--show")
    {
        Description = "Print so many records token by token, with what is learned",
        DefaultValueFactory = _ => 0,
    };

    readonly Option<FileInfo?> _html = new("--html")
    {
        Description = "Write a page of it here: filters, statistics, samples with what is learned",
    };
    readonly TeacherOptions _teacher = new();

    public Command Build()
    {
        var command = new Command("dataset", "Records in, a dataset out: cleaned, without copies, redacted, "
            + "decontaminated, split.")
        {
            _file, _registry, _base, _prompt, _completion, _system, _group, _captured, _tenant, _model,
            _evaluation, _near, _pii, _share, _most, _seed, _show, _html,
        };
        _teacher.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_html) is { } page)
            WholeFile.Check(page.FullName);
        // What is malformed leaves no registry behind.
        var file = parsed.GetValue(_file)!;
        var records = Read(parsed, file).ToList();
        using var workspace = TuneStage.OpenOrCreate(parsed.GetValue(_registry)!);
        var baseHash = TuneStage.BaseOf(workspace, parsed.GetValue(_base)!);
        var (raw, bill) = await _teacher.LabelAsync(parsed, workspace, records,
            redacts: !parsed.GetValue(_pii), stage.Story, cancellation);
        using var progress = new ProgressLine(stage.Story, "cleaning", total: 0);
        var options = new DatasetOptions
        {
            NearDuplicateSimilarity = parsed.GetValue(_near),
            RedactPii = !parsed.GetValue(_pii),
            ValidationShare = parsed.GetValue(_share),
            Seed = parsed.GetValue(_seed),
            MostTokens = parsed.GetValue(_most),
            EvaluationSets = Sets(parsed.GetValue(_evaluation) ?? []),
        };
        var origin = new JsonObject { ["file"] = Path.GetFileName(file),
            ["file_sha256"] = workspace.Registry.Blobs.Put(file), ["records"] = raw.Count };
        if (bill is not null)
            origin["teacher"] = bill;
        var (hash, build) = workspace.AddDataset(raw, options, baseHash, origin, cancellation);
        progress.Clear();
        using var model = workspace.OpenFolder(baseHash);
        var statistics = DatasetStatistics.Of(build.Train, model.Renderer);
        if (parsed.GetValue(_html) is { } html)
        {
            WholeFile.Write(html.FullName, text => Page.Write(DatasetPage.Of(hash, build, statistics,
                model.Renderer, model.Tokenizer, CommandLine.VersionAndCommit), text));
        }
        Print(hash, build, statistics, model, parsed.GetValue(_show));
        return CommandLine.Done;
    }

    IEnumerable<TrainingRecord> Read(ParseResult parsed, string file)
    {
        if (parsed.GetValue(_captured))
            return CapturedTraffic.Read(file, parsed.GetValue(_tenant), parsed.GetValue(_model));
        return file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase)
            ? CsvRecords.Read(file, new CsvColumns(
                parsed.GetValue(_prompt)!, parsed.GetValue(_completion)!, parsed.GetValue(_system),
                    parsed.GetValue(_group)))
            : RecordReader.ReadJsonl(file);
    }

    static Dictionary<string, string> Sets(string[] named)
    {
        var sets = new Dictionary<string, string>();
        foreach (var entry in named)
        {
            if (entry.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } path]
                || !sets.TryAdd(name, path))
            {
                throw new BadInputException($"--evaluation {entry}: expected NAME=FILE, each name once");
            }
        }
        return sets;
    }

    void Print(string hash, DatasetBuild build, DatasetStatistics statistics, ModelFolder model, int show)
    {
        stage.Output.WriteLine($"dataset {hash}");
        var filters = new TextTable("  filter", "before", "after", "version");
        foreach (var filter in build.Filters)
            filters.Add($"  {filter.Filter}", $"{filter.Before:N0}", $"{filter.After:N0}", filter.Version);
        stage.Output.Write(filters);
        foreach (var (kind, count) in build.RedactedCounts.OrderBy(c => c.Key))
            stage.Output.WriteLine($"  redacted {count} of kind {kind.ToString().ToLowerInvariant()}");
        stage.Output.WriteLine($"  train {build.Train.Count:N0}, validation "
            + $"{build.Validation.Count:N0} records");
        stage.Output.WriteLine($"  {statistics.Tokens:N0} tokens, {statistics.Learned:N0} learned; a record "
            + $"has {statistics.MedianTokens} "
            + $"at the median, {statistics.P95Tokens} at p95, {statistics.MostTokens} at most");
        var repeated = statistics.Answers.Where(a => a.Count > 1).Take(5).ToList();
        if (repeated.Count > 0)
        {
            var answers = new TextTable("  answer", "records");
            foreach (var (answer, count) in repeated)
            {
                var shown = answer.Length > 60 ? answer[..60] + " ..." : answer;
                answers.Add($"  {shown.Replace('\n', ' ')}", $"{count:N0}");
            }
            stage.Output.Write(answers);
        }
        foreach (var record in build.Train.Where(r => !r.IsPreference).Take(show))
            stage.Output.Write("\n" + MaskView.Of(model.Renderer.Example(record), model.Tokenizer));
    }
}
