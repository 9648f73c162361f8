using System.CommandLine;
using System.Globalization;
using System.IO;
using Plimsoll.Planning;
using Plimsoll.Planning.Validation;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll validate</c>: predictions beside what real engines did.</summary>
sealed class ValidateVerb(TextWriter output)
{
    readonly Option<string> _data = new("--data")
    {
        Description = "Folder of measured data; its vllm-requests/ holds the runs",
        DefaultValueFactory = _ => "../shared/data",
    };

    public Command Build()
    {
        var command = new Command("validate", "Predicted against measured, for every run in a folder of measured data.");
        command.Add(_data);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        var folder = Path.Combine(parsed.GetValue(_data)!, "vllm-requests");
        var comparisons = RequestReplay.Of(folder);
        if (comparisons.Count == 0)
            throw new BadInputException($"{folder}: no *.requests.jsonl; expected a folder of measured runs (--data)");
        output.WriteLine("Tier kernels, nothing fitted to these runs; times are the engine's own, from arrival.");
        output.WriteLine();
        output.WriteLine("run                         figure       measured ms  predicted ms    error   within");
        var failed = 0;
        foreach (var c in comparisons)
        {
            failed += c.Passes ? 0 : 1;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{c.Run,-27} {c.Figure,-11} {c.MeasuredMs,12:0.0}  {c.PredictedMs,12:0.0}  {c.ErrorPercent,6:+0.0;-0.0} %  {c.WithinPercent,4:0} %{(c.Passes ? "" : "  missed")}"));
        }
        return failed == 0 ? CommandLine.Done : CommandLine.Failed;
    }
}
