using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;
using Plimsoll.Engine;

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

    public Command Build()
    {
        var command = new Command(
            "replay", "A live decision log, decided again: the same plans, or exit code 1.");
        command.Add(_file);
        command.SetAction(Run);
        return command;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    int Run(ParseResult parsed)
    {
        var replayed = DecisionReplay.Run(parsed.GetValue(_file)!.FullName);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{replayed.Plans} plans, {replayed.Differences} different; digest {replayed.PlanHash:x16}"));
        if (replayed.MeanError is { } error)
        {
            var (real, foreseen) = (replayed.RealNs / 1e9, replayed.PredictedNs / 1e9);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{replayed.Steps} steps: {real:0.000} s, foreseen {foreseen:0.000}, "
                    + $"error {100 * error:0.0} %"));
        }
        return replayed.Differences == 0 ? CommandLine.Done : CommandLine.Failed;
    }
}
