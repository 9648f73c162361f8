using System;
using System.CommandLine;
using System.IO;
using System.Runtime.CompilerServices;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
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
        Description = "Measured runs: per-request timings, benchmark results, engine steps, points; none "
            + "where --engine llama.cpp times this machine itself",
        Arity = ArgumentArity.ZeroOrMore,
    };

    readonly LlamaServing _llama = new();

    readonly Option<int> _budget = new("--budget")
    {
        Description = "llama.cpp: seconds after which no new round of timed steps begins",
        DefaultValueFactory = _ => 20,
    };

    readonly Option<FileInfo?> _output = new("--output")
    {
        Description = "Write the profile here, for --profile",
    };

    readonly Option<bool> _json = new("--json") { Description = "Print the profile instead of the report" };

    public Command Build()
    {
        var command = new Command(
            "calibrate", "Step times fitted to an engine's own telemetry, or of this machine under "
                + "llama.cpp: a profile for --profile.");
        command.Add(_files);
        _serving.AddDeploymentTo(command);
        foreach (var option in _llama.OfSteps)
            command.Add(option);
        command.Add(_budget);
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

        if (_serving.IsLlama(parsed))
            return Machine(parsed, file, json);
        var files = parsed.GetValue(_files)!;
        if (files.Length == 0)
            throw new BadInputException("FILE... is missing; expected measured runs, or --engine llama.cpp");
        using var progress = new ProgressLine(story, "calibrating", ProgressLine.Whole);
        var profile =
            Calibrator.Calibrate(files, _serving.Measured(parsed), progress.ReportShare);
        progress.Clear();
        var text = ProfileFile.Write(profile);
        if (file is not null)
            WholeFile.Write(file.FullName, text);
        output.Write(json ? text : ProfileText.Of(profile));
        return CommandLine.Done;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Machine(ParseResult parsed, FileInfo? file, bool json)
    {
        if (parsed.GetValue(_files)!.Length > 0)
            throw new BadInputException("--engine llama.cpp times this machine itself; expected no FILE");
        var budget = parsed.GetValue(_budget);
        if (budget is < 1 or > 3600)
            throw new BadInputException($"--budget {budget}: expected 1 to 3600 seconds");
        if (file is not null)
            WholeFile.Check(file.FullName);
        var config = _serving.Computed(parsed, _llama);
        var options = Server.Configuration.LlamaFactory.OptionsOf(
            "calibration", config, [ServiceLevelSpec.Default], "");
        using var progress = new ProgressLine(story, "timing steps", ProgressLine.Whole);
        var profile = Engine.LlamaCpp.MachineCalibration.MeasureAsync(
            options, TimeSpan.FromSeconds(budget), TimeProvider.System, progress.ReportShare)
            .GetAwaiter().GetResult();
        progress.Clear();
        var text = MachineProfileFile.Write(profile);
        if (file is not null)
            WholeFile.Write(file.FullName, text);
        output.Write(json ? text : MachineProfileText.Of(profile));
        return CommandLine.Done;
    }
}
