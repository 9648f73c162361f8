using System.CommandLine;
using System.IO;
using System.Runtime.CompilerServices;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs;

/// <summary>
/// <c>plimsoll replay</c>: a live scheduler's log told to a new scheduler, which must decide the same.
/// </summary>
sealed class ReplayVerb(TextWriter output)
{
    readonly Argument<FileInfo> _file = new("FILE")
    {
        Description = "Log that `plimsoll serve --decision-log` wrote",
    };

    readonly Option<FileInfo?> _report = new("--report")
    {
        Description = "Write a self-contained HTML page of the first tokens' gap to the theoretical here",
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON instead of text" };

    public Command Build()
    {
        var command = new Command(
            "replay", "A live decision log, decided again: the same plans, or exit code 1. What kept its "
                + "first tokens from the theoretical.");
        command.Add(_file);
        command.Add(_report);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Run(ParseResult parsed)
    {
        var file = parsed.GetValue(_file)!;
        var page = parsed.GetValue(_report);
        if (page is not null)
            WholeFile.Check(page.FullName);
        var replayed = DecisionReplay.Run(file.FullName);
        if (page is not null)
        {
            if (replayed.Gap is null)
            {
                throw new BadInputException(
                    $"{file}: no interactive first token, or no machine is in it", "",
                    "a log of an engine that computes, with requests in it");
            }
            WholeFile.Write(page.FullName, text => Page.Write(GapText.Page(replayed, file.Name), text));
        }
        output.Write(parsed.GetValue(_json) ? GapText.Json(replayed) : GapText.Of(replayed));
        return replayed.Differences == 0 ? CommandLine.Done : CommandLine.Failed;
    }
}
