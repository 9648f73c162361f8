using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Planning.Validation;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll validate</c>: predictions beside theory and beside what real engines did.</summary>
sealed class ValidateVerb(TextWriter output, TextWriter story)
{
    const string DefaultFolder = "../shared/data";

    readonly Option<string> _data = new("--data")
    {
        Description = "Folder of public measurements; sets whose data it lacks are named and left out",
        DefaultValueFactory = _ => DefaultFolder,
    };

    readonly Option<string?> _set = new("--set") { Description = "Run this set alone" };

    readonly Option<int> _points = new("--points")
    {
        Description = "Print this many worst points of every figure",
        DefaultValueFactory = _ => 0,
    };

    readonly Option<bool> _json = new("--json") { Description = "Print JSON, every point included" };

    readonly Option<string?> _writeDocs = new("--write-docs")
    {
        Description = "Also write validation.md, validation.json and the pictures into this folder",
    };

    public Command Build()
    {
        var command = new Command(
            "validate",
            "The public validation: theory, and predicted against measured with what was held out.");
        foreach (var option in new Option[] { _data, _set, _points, _json, _writeDocs })
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var folder = parsed.GetValue(_data)!;
        if (folder != DefaultFolder && !Directory.Exists(folder))
        {
            throw new BadInputException(
                $"--data {folder}: no such folder; expected a folder of public measurements");
        }

        if (parsed.GetValue(_points) is < 0 and var points)
            throw new BadInputException($"--points {points}: expected at least 0");
        if (parsed.GetValue(_writeDocs) is not null && parsed.GetValue(_set) is { } set)
        {
            throw new BadInputException(
                $"--write-docs: a page needs every set; expected it without --set {set}");
        }

        using var progress = new ProgressLine(story, "validating", ProgressLine.Whole);
        var report = ValidationReport.Run(folder, parsed.GetValue(_set), progress.ReportShare);
        progress.Clear();
        if (parsed.GetValue(_writeDocs) is { } docs)
            ValidationDocs.Write(report, docs);
        output.Write(parsed.GetValue(_json)
            ? ValidationJson.Of(report)
            : ValidationText.Of(report, parsed.GetValue(_points)));
        return report.Passes ? CommandLine.Done : CommandLine.Failed;
    }
}
