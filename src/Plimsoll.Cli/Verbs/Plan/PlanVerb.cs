using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Verbs.Plan;

/// <summary><c>plimsoll plan</c>: the cheapest fleet that keeps the promise on this traffic.</summary>
sealed class PlanVerb(TextWriter output, TextWriter story)
{
    readonly PlanOptions _options = new();

    readonly Option<FileInfo?> _journal = new("--journal")
    {
        Description = "Keep what is measured in this file; a plan that was stopped goes on from it",
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command("plan", "The cheapest fleet that keeps the promise on your traffic.");
        _options.AddTo(command);
        command.Add(_journal);
        command.Add(_json);
        command.Add(new PlanMergeCommand(output, story).Build());
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var request = _options.Resolve(parsed);
        if (_options.Lengths(parsed) is { } lengths)
        {
            var steady = SteadyPlan.Of(request, lengths);
            output.Write(parsed.GetValue(_json) ? PlanJson.Of(steady) : PlanText.Of(steady));
            return steady.Steady!.Count > 0 ? CommandLine.Done : CommandLine.Failed;
        }
        using var journal = parsed.GetValue(_journal) is { } file
            ? PlanJournal.Open(file.FullName, Header(parsed, request)) : null;
        var before = journal?.Count ?? 0;
        if (before > 0)
            story.WriteLine($"plimsoll: goes on after {before} measurements of {parsed.GetValue(_journal)}");
        return Print(parsed, request with { Journal = journal }, parsed.GetValue(_json), output, story);
    }

    static PlanJournalHeader Header(ParseResult parsed, PlanRequest request) => new(
        PlanJournal.Schema, PlanFingerprint.Of(request, CommandLine.Version), Arguments(parsed),
        request.Shard.Number, request.Shard.Of);

    /// <summary>Runs a plan and prints it; also for journals that are joined.</summary>
    internal static int Print(
        ParseResult parsed, PlanRequest request, bool asJson, TextWriter output, TextWriter story)
    {
        using var progress = new ProgressLine(story, "planning", ProgressLine.Whole);
        var outcome = PlanSearch.Run(request with { Progress = progress.ReportShare });
        var nearest = outcome.Best.Count == 0 ? NearestPlan.Find(outcome) : null;
        progress.Clear();
        var document = PlanStatements.Of(outcome, nearest);
        output.Write(asJson ? PlanJson.Of(document) : PlanText.Of(document));
        return outcome.Best.Count > 0 ? CommandLine.Done : CommandLine.Failed;
    }

    /// <summary>The command line without what differs between shards of one search.</summary>
    static List<string> Arguments(ParseResult parsed)
    {
        var words = new List<string>();
        var skip = false;
        foreach (var token in parsed.Tokens)
        {
            var own = token.Value is "--journal" or "--shards";
            if (!skip && !own && token.Value is not ("--json" or "plan"))
                words.Add(token.Value);
            skip = own;
        }
        return words;
    }
}
