using System;
using System.CommandLine;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary><c>plimsoll bench</c>: what a live endpoint delivers and costs.</summary>
sealed class BenchVerb(TextWriter output, TextWriter story)
{
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
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        var files = _results.Read(parsed);
        var load = _load.Read(parsed, _endpoint.Read(parsed));
        var (search, sweep) = (_search.Search(parsed, load.Levels), _search.Sweep(parsed));
        var money = _money.Read(parsed, parsed.GetValue(_endpoint.Model), story);
        if (_money.Against(parsed) is { } account && !File.Exists(account))
        {
            throw new BadInputException($"--against {account}: no such file; expected what plimsoll "
                + $"account --json printed");
        }
        var options = load with
        {
            Endpoint = _endpoint.Named(load.Endpoint, parsed, stop.Token),
            ReadyWaitNs = _endpoint.ReadyWaitNs(parsed),
            MostLateness = files.MostLateness,
            Percentiles = files.Percentiles,
            Detail = files.NeedsDetail,
            Metadata = files.Metadata,
            StepLog = files.StepLog,
            Search = search,
        };
        if (sweep.Count > 0)
            return new BenchSweep(output, story, files, money).Run(options, sweep, stop.Token);
        return Once(options, files, money, _money.Against(parsed), stop.Token);

        void Stop(PosixSignalContext context)
        {
            // The first asks for the report of what ran; a second ends the program at once.
            context.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        }
    }

    int Once(BenchOptions options, BenchResultFiles files, MoneyOptions? money, string? account,
        CancellationToken stop)
    {
        using var progress = new BenchProgress(story);
        using var run = new BenchRun(options, progress.Report);
        try
        {
            var result = run.Run(stop);
            progress.Clear();
            Print(result, run.Detail, files, money, account);
            return Succeeded(result) ? CommandLine.Done : CommandLine.Failed;
        }
        catch (EndpointFailure failure)
        {
            progress.Clear();
            story.WriteLine($"plimsoll: {failure.Message}");
            files.Save(FailedRun.Of(options, failure), null, more: null);
            return CommandLine.BadInput;
        }
    }

    void Print(BenchResult result, DetailSpool? detail, BenchResultFiles files, MoneyOptions? money,
        string? account)
    {
        var bill = money is null ? null : Bill.Of(result, money);
        var against = account is null ? null : AccountComparison.Read(account, result, bill);
        files.Save(result, detail, json => MoneyJson.Write(json, bill, against));
        if (files.Report is { } page)
        {
            WholeFile.Write(page, writer =>
                Page.Write(BenchPage.Of(result, bill, against, CommandLine.Version), writer));
        }
        if (files.Json)
        {
            output.Write(VllmJson.Text(result, json => MoneyJson.Write(json, bill, against)));
            return;
        }
        var text = new StringBuilder(BenchText.Of(result, files.Metrics));
        if (result.LoadLine is { } line)
            text.Append(MoneyText.Of(line));
        if (bill is not null)
            text.Append(MoneyText.Of(bill));
        if (against is not null)
            text.Append(MoneyText.Of(against));
        output.Write(text);
    }

    /// <summary>A search succeeds by finding; any other run by keeping its promise.</summary>
    static bool Succeeded(BenchResult result) => result.Client.IsValid && result.Completed > 0
        && (result.LoadLine is { } line ? line.Rate is not null : result.Holds != false);

    /// <summary>
    /// Answers are then read on the threads that wait for them, without a hop through the pool; it has to be
    /// said before the first socket.
    /// </summary>
    static void SocketsBeforeTheFirst() =>
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
}
