using System.CommandLine;
using System.IO;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Cli.Verbs;

/// <summary><c>plimsoll trace describe|fit|generate</c>.</summary>
sealed class TraceVerb(TextWriter output, TextWriter story)
{
    readonly TraceArguments _trace = new("--block-size");

    public Command Build() =>
        new("trace", "Request traces: what is in one, the family that fits it, a new one from a family.")
        {
            Describe(), Fit(), Generate(),
        };

    Command Describe()
    {
        var file = File();
        var json = new Option<bool>("--json") { Description = "Print JSON" };
        var command =
            new Command("describe", "Counts, rates, burstiness, lengths and prefix reuse of a trace.")
        {
            file, json,
        };
        _trace.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = Existing(parsed.GetValue(file)!);
            using var progress = new ProgressLine(story, "reading", total: 0);
            var statistics = TraceStatistics.Of(path, _trace.Read(parsed), progress.Report);
            progress.Clear();
            output.Write(parsed.GetValue(json) ? TraceText.Json(statistics) : TraceText.Of(statistics));
            return CommandLine.Done;
        });
        return command;
    }

    Command Fit()
    {
        var file = File();
        var to = new Option<FileInfo?>("--out") { Description = "Write the family here, for --workload" };
        var name = new Option<string?>("--name") { Description = "Name of the family [default: the file's]" };
        var command = new Command("fit", "A trace in, a workload family out, and how well it fits.")
        {
            file, to, name,
        };
        _trace.AddTo(command);
        command.SetAction(parsed =>
        {
            var path = Existing(parsed.GetValue(file)!);
            var trace = Trace.Load(path, _trace.Read(parsed));
            if (trace.ClosedLoop)
            {
                throw new BadInputException(
                    $"{path}: sessions in a closed loop; expected a trace with arrival times to fit");
            }

            var rows = new Arrival[trace.Count];
            for (var i = 0; i < rows.Length; i++)
                rows[i] = trace[i];
            var (family, report) = FamilyFit.Of(
                parsed.GetValue(name) ?? Path.GetFileName(path).Split('.')[0], Path.GetFileName(path), rows,
                trace.PrefixBlockTokens);
            if (parsed.GetValue(to) is { } destination)
                WholeFile.Write(destination.FullName, family.Write());
            output.Write(TraceText.Of(family, report));
            return CommandLine.Done;
        });
        return command;
    }

    Command Generate()
    {
        var name = new Argument<string>("NAME")
        {
            Description = "Workload family, family file or trace",
            HelpName = "NAME",
        };
        name.CompletionSources.Add(Suggestions.Workloads);
        var requests = new Option<long>("--requests")
            { Description = "Requests to draw", DefaultValueFactory = _ => 1000 };
        var rate = new Option<double?>("--rate")
            { Description = "Requests per second [default: the workload's own]" };
        var process = ArrivalsOption.Create();
        var seed = new Option<ulong>("--seed")
            { Description = "Seed of all random draws", DefaultValueFactory = _ => 1 };
        var to = new Option<FileInfo?>("--out") { Description = "Write here [default: stdout]" };
        var command = new Command("generate", "A trace drawn from a workload, as Mooncake JSONL; sessions as "
            + "Dynamo's replay reads them.")
        {
            name, requests, rate, process, seed, to,
        };
        _trace.AddTo(command);
        command.SetAction(parsed =>
        {
            var workload = WorkloadChoice.Open(parsed.GetValue(name)!, _trace.Read(parsed));
            var count = parsed.GetValue(requests);
            if (count is < 1 or > 1_000_000_000)
                throw new BadInputException($"--requests {count}: expected 1 to 1000000000");
            if (parsed.GetValue(rate) is null && !workload.HasRate)
            {
                throw new BadInputException(
                    $"{workload.Name} spans no time; expected --rate REQUESTS-PER-SECOND");
            }

            var perSecond = parsed.GetValue(rate) ?? workload.RequestsPerSecond;
            if (!(perSecond is >= 1e-6 and <= 1e9))
            {
                throw new BadInputException(
                    $"--rate {perSecond}: expected 0.000001 to 1000000000 requests per second");
            }
            var arrivals =
                workload.Open(perSecond, count, parsed.GetValue(seed), ArrivalsOption.Read(parsed, process));
            if (parsed.GetValue(to) is { } destination)
            {
                WholeFile.Write(destination.FullName, writer =>
                    MooncakeWriter.Write(arrivals, workload.ClosedLoop, writer));
            }
            else
            {
                MooncakeWriter.Write(arrivals, workload.ClosedLoop, output);
            }
            return CommandLine.Done;
        });
        return command;
    }

    static Argument<string> File() => new("FILE") { Description = "Trace: plain, .gz or .zst" };

    static string Existing(string path) => System.IO.File.Exists(path)
        ? path
        : throw new BadInputException(
            $"{path}: {(Directory.Exists(path) ? "is a folder" : "no such file")}; expected a trace file");
}
