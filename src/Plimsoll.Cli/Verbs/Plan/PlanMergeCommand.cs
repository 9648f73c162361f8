using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Planning.Plans;

namespace Plimsoll.Cli.Verbs.Plan;

/// <summary>
/// <c>plimsoll plan merge</c>: the journals of a shared search joined. It is the same search over what they
/// know, so it prints what one machine alone would have printed.
/// </summary>
sealed class PlanMergeCommand(TextWriter output, TextWriter story)
{
    readonly Argument<FileInfo[]> _journals = new("JOURNAL")
    {
        Description = "One journal of every shard", Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON of the published schema" };

    public Command Build()
    {
        var command = new Command("merge", "Join the journals of a plan that was shared by --shards.")
        {
            _journals, _json,
        };
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var files = parsed.GetValue(_journals)!;
        var journals = files.Select(file => PlanJournal.Read(file.FullName, CommandLine.VersionAndCommit))
            .ToList();
        var first = journals[0].Header;
        for (var i = 1; i < journals.Count; i++)
        {
            if (journals[i].Header.Plan != first.Plan)
            {
                throw new BadInputException(
                    $"{files[i]}: is of another plan than {files[0]}; expected journals of one search");
            }
        }
        var held = journals.Select(journal => journal.Header.Shard).ToHashSet();
        var missing = Enumerable.Range(1, first.Shards).Where(shard => !held.Contains(shard)).ToList();
        if (missing.Count > 0)
        {
            throw new BadInputException(
                $"shard {missing[0]} of {first.Shards}: its journal is missing; expected one of every shard");
        }
        var request = Request(first.Arguments);
        if (PlanFingerprint.Of(request) != first.Plan)
        {
            throw new BadInputException(
                $"{files[0]}: the workload or the prices have changed since; expected the ones that the "
                + "journals were made with");
        }
        var all = PlanJournal.InMemory();
        foreach (var journal in journals)
            all.Join(journal);
        return PlanVerb.Print(
            request with { Journal = all }, parsed.GetValue(_json), output, story);
    }

    static PlanRequest Request(IReadOnlyList<string> arguments)
    {
        var options = new PlanOptions();
        var command = new Command("plan");
        options.AddTo(command);
        var parsed = command.Parse([.. arguments]);
        return parsed.Errors.Count == 0 ? options.Resolve(parsed)
            : throw new BadInputException(UsageError.Of(parsed));
    }
}
