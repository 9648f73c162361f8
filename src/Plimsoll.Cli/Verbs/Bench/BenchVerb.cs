using System;
using System.CommandLine;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Cli.Terminal;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary><c>plimsoll bench</c>: what a live endpoint delivers and costs.</summary>
sealed class BenchVerb(TextWriter output, TextWriter story)
{
    readonly BenchEndpointArguments _endpoint = new();
    readonly BenchLoadArguments _load = new();
    readonly BenchResultArguments _results = new();

    public Command Build()
    {
        var command = new Command("bench", "What a live endpoint delivers and costs: any OpenAI-compatible address.");
        _endpoint.AddTo(command);
        _load.AddTo(command);
        _results.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    int Run(ParseResult parsed)
    {
        // Answers are then read on the threads that wait for them, without a hop through the pool.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var files = _results.Read(parsed);
        var load = _load.Read(parsed);
        var options = load.Against(_endpoint.Read(parsed, stop.Token)) with
        {
            ReadyWaitNs = _endpoint.ReadyWaitNs(parsed),
            MostLateness = files.MostLateness,
            Percentiles = files.Percentiles,
            Detail = files.NeedsDetail,
            Metadata = files.Metadata,
        };
        using var progress = new BenchProgress(story);
        using var run = new BenchRun(options, progress.Report);
        try
        {
            var result = run.Run(stop.Token);
            progress.Clear();
            files.Save(result, run.Detail, more: null);
            output.Write(files.Json ? VllmJson.Text(result) : BenchText.Of(result, files.Metrics));
            return result.Client.IsValid && result.Holds != false && result.Completed > 0
                ? CommandLine.Done
                : CommandLine.Failed;
        }
        catch (EndpointFailure failure)
        {
            progress.Clear();
            story.WriteLine($"plimsoll: {failure.Message}");
            files.Save(FailedRun.Of(options, failure), null, more: null);
            return CommandLine.BadInput;
        }

        void Stop(PosixSignalContext context)
        {
            // The first asks for the report of what ran; a second ends the program at once.
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }
}
