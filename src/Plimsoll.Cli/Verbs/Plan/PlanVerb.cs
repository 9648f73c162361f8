using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Planning.Levers;
using Plimsoll.Planning.Plans;
using Plimsoll.Cli.Emitted;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Plan;

/// <summary><c>plimsoll plan</c>: the cheapest fleet that keeps the promise on this traffic.</summary>
sealed class PlanVerb(TextWriter output, TextWriter story)
{
    readonly PlanOptions _options = new();

    readonly Option<FileInfo?> _journal = new("--journal")
    {
        Description = "Keep what is measured in this file; a plan that was stopped goes on from it",
    };

    readonly Option<DirectoryInfo?> _emit = new("--emit")
    {
        Description = "Write the best fleet into this folder: vllm serve, Kubernetes, llm-d, Dynamo, gateway",
    };

    readonly Option<string?> _emitShards = new("--emit-shards")
    {
        Description =
            $"Print the job that runs --shards 1/N on N machines, and nothing else: {ShardScript.All}",
    };

    readonly Option<bool> _levers = new("--levers")
    {
        Description = "Re-simulate every lever on the best fleet: overlaps, break-evens, durability",
    };

    readonly Option<FileInfo?> _report =
        new("--report") { Description = "Write a self-contained HTML page here" };

    readonly Option<DirectoryInfo?> _plots =
        new("--plots") { Description = "Write each picture as PNG and SVG into this folder" };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command("plan", "The cheapest fleet that keeps the promise on your traffic.");
        _options.AddTo(command);
        foreach (var option in new Option[] { _journal, _emit, _emitShards, _levers, _report, _plots })
            command.Add(option);
        command.Add(_json);
        command.Add(new PlanMergeCommand(output, story).Build());
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var request = _options.Resolve(parsed);
        if (parsed.GetValue(_emitShards) is not null)
            return EmitShards(parsed, request);
        var lengths = _options.Lengths(parsed);
        if (lengths is not null)
            RefuseWithLengths(parsed, request);
        if (parsed.GetValue(_emit) is { } folder)
        {
            PlanFiles.Check(request.Space);
            WholeFile.CheckFolder(folder.FullName);
        }
        if (parsed.GetValue(_plots) is { } plots)
            WholeFile.CheckFolder(plots.FullName);
        if (parsed.GetValue(_report) is { } page)
            WholeFile.Check(page.FullName);
        if (lengths is { } asked)
        {
            var steady = SteadyPlan.Of(request, asked);
            output.Write(parsed.GetValue(_json) ? PlanJson.Of(steady) : PlanText.Of(steady));
            return steady.Steady!.Count > 0 ? CommandLine.Done : CommandLine.Failed;
        }
        using var journal = parsed.GetValue(_journal) is { } file
            ? PlanJournal.Open(file.FullName, Header(parsed, request)) : null;
        var before = journal?.Count ?? 0;
        if (before > 0)
            story.WriteLine($"plimsoll: goes on after {before} measurements of {parsed.GetValue(_journal)}");
        return Print(
            request with { Journal = journal }, parsed.GetValue(_json), output, story,
            (outcome, document) => Write(parsed, outcome, document), parsed.GetValue(_levers));
    }

    /// <summary>The closed form searches nothing, so there is nothing to keep, draw or emit.</summary>
    void RefuseWithLengths(ParseResult parsed, PlanRequest request)
    {
        if (request.Beside is not null)
        {
            throw new BadInputException(
                "--batch-workload: fills a fleet under traffic; expected it without --isl and --osl");
        }
        foreach (var option in new Option[] { _journal, _emit, _levers, _report, _plots })
        {
            if (parsed.GetResult(option) is { Implicit: false })
            {
                throw new BadInputException(
                    $"{option.Name}: of a search over traffic; expected it without --isl and --osl");
            }
        }
    }

    int EmitShards(ParseResult parsed, PlanRequest request)
    {
        if (parsed.GetValue(_json) || request.Shard.Of < 2)
        {
            throw new BadInputException(
                "--emit-shards: prints a job of all shards; expected --shards 1/N, N over 1, and no --json");
        }
        output.Write(ShardScript.Of(
            parsed.Chosen(_emitShards, ShardScript.All), request.Shard.Of, Arguments(parsed)));
        return CommandLine.Done;
    }

    static PlanJournalHeader Header(ParseResult parsed, PlanRequest request) => new(
        PlanJournal.Schema, CommandLine.VersionAndCommit, PlanFingerprint.Of(request), Arguments(parsed),
        request.Shard.Number, request.Shard.Of);

    /// <summary>Runs a plan and prints it; also for journals that are joined.</summary>
    internal static int Print(
        PlanRequest request, bool asJson, TextWriter output, TextWriter story,
        Action<PlanOutcome, PlanDocument>? write = null, bool levers = false)
    {
        using var progress = new ProgressLine(story, "planning", ProgressLine.Whole);
        var outcome = PlanSearch.Run(request with { Progress = progress.ReportShare });
        var nearest = outcome.Best.Count == 0 ? NearestPlan.Find(outcome) : null;
        progress.Clear();
        var document = PlanStatements.Of(outcome, nearest);
        // A part of the space does not know the best fleets; the joined search does.
        if (request.Beside is not null && request.Shard.Of == 1)
        {
            using var filling = new ProgressLine(story, "filling with batch work", ProgressLine.Whole);
            document = document with { Batch = PlanPooling.Of(outcome, filling.ReportShare) };
            filling.Clear();
        }
        if (levers && outcome.Best.Count > 0)
        {
            using var pulling = new ProgressLine(story, "pulling levers", ProgressLine.Whole);
            document = document with
            {
                Levers = LeverBooks.Of(
                    PlanSides.Of(outcome), requests: 2000, request.Serving.Seed, pulling.ReportShare),
            };
            pulling.Clear();
        }
        // Files come before the result, so that a path that fails leaves no output.
        write?.Invoke(nearest ?? outcome, document);
        // A part of the space that has nobody says nothing of the promise: the others may.
        var (shard, shards) = request.Shard;
        var isEmptyShard = outcome.Best.Count == 0 && shards > 1;
        output.Write(asJson ? PlanJson.Of(document)
            : isEmptyShard ? $"No candidate of shard {shard}/{shards} keeps this promise.\n"
            : PlanText.Of(document));
        return outcome.Best.Count > 0 || isEmptyShard ? CommandLine.Done : CommandLine.Failed;
    }

    /// <summary>
    /// Files that were asked for: of the nearest promise, where nobody keeps the one asked for.
    /// </summary>
    void Write(ParseResult parsed, PlanOutcome outcome, PlanDocument document)
    {
        var (emit, page, folder) = (
            parsed.GetValue(_emit), parsed.GetValue(_report), parsed.GetValue(_plots));
        if (outcome.Best.Count == 0)
            return;
        if (emit is not null)
            WholeFile.WriteIn(emit.FullName, PlanFiles.Of(outcome));
        if (page is null && folder is null)
            return;
        var pictures = PlanPictures.Of(outcome);
        if (folder is not null)
            WholeFile.WriteIn(folder.FullName, Plots.Draw(pictures));
        var model = PlanPage.Of(
            PlanStatements.Of(outcome) with { Levers = document.Levers, Batch = document.Batch }, pictures,
            Flags.CommandOf(parsed), CommandLine.VersionAndCommit);
        if (page is not null)
            WholeFile.Write(page.FullName, text => Page.Write(model, text));
    }

    /// <summary>The command line without what differs between shards of one search.</summary>
    static List<string> Arguments(ParseResult parsed)
    {
        var words = new List<string>();
        var skip = false;
        foreach (var token in parsed.Tokens)
        {
            var own = token.Value is "--journal" or "--shards" or "--emit" or "--emit-shards" or "--report"
                or "--plots";
            if (!skip && !own && token.Value is not ("--json" or "plan"))
                words.Add(token.Value);
            skip = own;
        }
        return words;
    }
}
