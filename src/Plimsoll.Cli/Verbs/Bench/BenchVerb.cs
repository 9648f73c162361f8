using System;
using System.CommandLine;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary><c>plimsoll bench</c>: what a live endpoint delivers and costs.</summary>
sealed class BenchVerb(TextWriter output, TextWriter story)
{
    /// <summary>Milliseconds within which several signals are one.</summary>
    const long TogetherMs = 500;

    readonly BenchEndpointArguments _endpoint = new();
    readonly BenchLoadArguments _load = new();
    readonly BenchSearchArguments _search = new();
    readonly BenchMoneyArguments _money = new();
    readonly BenchResultArguments _results = new();

    public Command Build()
    {
        var command = new Command("bench",
            "What a live endpoint delivers and costs: any OpenAI-compatible address.");
        _endpoint.AddTo(command);
        _load.AddTo(command);
        _search.AddTo(command);
        _money.AddTo(command);
        _results.AddTo(command);
        command.SetAction(Run);
        command.Add(new BenchDiffVerb(output).Build());
        command.Add(new BenchImportVerb(output).Build());
        return command;
    }

    int Run(ParseResult parsed)
    {
        SocketsBeforeTheFirst();
        using var stop = new CancellationTokenSource();
        var stoppedMs = 0L;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var files = _results.Read(parsed);
        var load = _load.Read(parsed, _endpoint.Read(parsed));
        BenchConflicts.Check(parsed);
        var (search, sweep) = (_search.Search(parsed, load.Levels), _search.Sweep(parsed));
        var money = _money.Read(parsed, parsed.GetValue(_endpoint.Model), story);
        if (load.WarmupNs >= load.DurationNs)
        {
            throw new BadInputException("--warmup: leaves nothing to measure; expected less than "
                + "--duration says");
        }
        if (search is not null)
            load = BenchLoadArguments.Searched(load);
        var options = load with
        {
            ReadyWaitNs = _endpoint.ReadyWaitNs(parsed),
            MostLateness = files.MostLateness,
            Percentiles = files.Percentiles,
            Detail = files.NeedsDetail,
            Metadata = files.Metadata,
            StepLog = files.StepLog,
            Search = search,
        };
        if (_money.Against(parsed) is { } account)
            AccountComparison.Check(account, FailedRun.Stopped(options));
        var results = new BenchOutput(output, files, money, _money.Against(parsed));
        try
        {
            options = options with { Endpoint = _endpoint.Named(load.Endpoint, parsed, stop.Token) };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            results.Print(FailedRun.Stopped(options), detail: null);
            return CommandLine.Failed;
        }
        return sweep.Count > 0
            ? new BenchSweep(results, story).Run(options, sweep, stop.Token)
            : Once(options, results, stop.Token);

        void Stop(PosixSignalContext context)
        {
            // The first asks for the report of what ran; a later one ends the program at once. Those that
            // come together are one: timeout(1) signals a process and its group.
            var now = Environment.TickCount64;
            var first = Interlocked.CompareExchange(ref stoppedMs, now, 0);
            context.Cancel = first == 0 || now - first < TogetherMs;
            stop.Cancel();
        }
    }

    int Once(BenchOptions options, BenchOutput results, CancellationToken stop)
    {
        using var progress = new BenchProgress(story);
        using var run = new BenchRun(options, progress.Report);
        progress.Await(options.Endpoint, () => run.HasAnswered);
        try
        {
            var result = run.Run(stop);
            progress.Clear();
            results.Print(result, run.Detail);
            return Succeeded(result) ? CommandLine.Done : CommandLine.Failed;
        }
        catch (EndpointFailure failure)
        {
            progress.Clear();
            story.WriteLine($"plimsoll: {failure.Message}");
            results.Print(FailedRun.Of(options, failure), run.Detail);
            return CommandLine.BadInput;
        }
    }

    /// <summary>A search succeeds by finding; any other run by keeping its promise, not by too few
    /// requests to say.</summary>
    static bool Succeeded(BenchResult result) => result.IsValid && result.Completed > 0
        && (result.LoadLine is { } line ? line.Rate is not null
            : result.Verdict is PromiseVerdict.Kept or PromiseVerdict.None);

    /// <summary>
    /// Answers are then read on the threads that wait for them, without a hop through the pool; it has to be
    /// said before the first socket.
    /// </summary>
    static void SocketsBeforeTheFirst() =>
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}
