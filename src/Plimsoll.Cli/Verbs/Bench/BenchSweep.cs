using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Plimsoll.Bench.Money;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;
using Plimsoll.Reports;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>One rate after the other: latency and cost over load.</summary>
sealed class BenchSweep(TextWriter output, TextWriter story, BenchResultFiles files, MoneyOptions? money)
{
    public int Run(BenchOptions options, IReadOnlyList<double> rates, CancellationToken stop)
    {
        if (options.Levels is not [var level])
            throw new BadInputException("--sweep: sweeps one level; expected no --levels of several");
        var points = new List<SweepPoint>();
        var gone = false;
        foreach (var rate in rates)
        {
            if (stop.IsCancellationRequested || gone)
                break;
            var steady = level with { RequestsPerSecond = rate, Clients = null, Stages = [] };
            using var progress = new BenchProgress(story);
            using var run = new BenchRun(options with { Levels = [steady], Detail = false }, progress.Report);
            try
            {
                var result = run.Run(stop);
                points.Add(new SweepPoint(rate, result, money is null ? null : Bill.Of(result, money)));
            }
            catch (EndpointFailure failure)
            {
                progress.Clear();
                story.WriteLine($"plimsoll: {failure.Message}");
                gone = true;
            }
        }
        if (points.Count == 0)
            return gone ? CommandLine.BadInput : CommandLine.Failed;
        if (files.Report is { } page)
            WholeFile.Write(page, writer => Page.Write(SweepPage.Of(points, CommandLine.Version), writer));
        if (files.Result is { } path)
            WholeFile.Write(path, SweepPage.Json(points));
        output.Write(files.Json ? SweepPage.Json(points) : Text(points));
        if (gone)
            return CommandLine.BadInput;
        return points.All(point => point.Result.Client.IsValid) ? CommandLine.Done
            : CommandLine.Failed;
    }

    static string Text(List<SweepPoint> points)
    {
        var table = new TextTable(SweepPage.Headers);
        foreach (var point in points)
            table.Add([.. SweepPage.Row(point).Select(cell => cell.TrimStart('<'))]);
        return table.ToString();
    }
}
