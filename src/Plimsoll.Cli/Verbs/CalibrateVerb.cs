using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Planning.Calibration;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll calibrate</c>: step times fitted to what an engine really did.</summary>
sealed class CalibrateVerb(TextWriter output, TextWriter story)
{
    readonly ServingOptions _serving = new();

    readonly Argument<string[]> _files = new("FILE...")
    {
        Description = "Measured runs: per-request timings, benchmark results, engine steps, points",
        Arity = ArgumentArity.OneOrMore,
    };

    readonly Option<FileInfo?> _output =
        new("--output") { Description = "Write the profile here, for --profile" };

    readonly Option<bool> _json = new("--json") { Description = "Print the profile instead of the report" };

    public Command Build()
    {
        var command = new Command(
            "calibrate", "Step times fitted to an engine's own telemetry: a profile for --profile.");
        command.Add(_files);
        _serving.AddDeploymentTo(command);
        command.Add(_output);
        command.Add(_json);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var json = parsed.GetValue(_json);
        var file = parsed.GetValue(_output);
        if (file is null && !json)
        {
            throw new BadInputException(
                "--output is missing; expected where to write the profile, or --json");
        }

        using var progress = new ProgressLine(story, "calibrating", ProgressLine.Whole);
        var profile =
            Calibrator.Calibrate(parsed.GetValue(_files)!, _serving.Measured(parsed), progress.ReportShare);
        progress.Clear();
        var text = ProfileFile.Write(profile);
        if (file is not null)
            WholeFile.Write(file.FullName, text);
        output.Write(json ? text : ProfileText.Of(profile));
        return CommandLine.Done;
    }
}
