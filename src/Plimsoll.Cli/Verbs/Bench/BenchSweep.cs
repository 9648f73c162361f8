using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Text;
using Plimsoll.Bench.Verdicts;
using Plimsoll.Cli.Terminal;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Cli.Verbs.Bench;

/// <summary>
/// One rate after the other: latency and cost over load. No rate sends what another has sent. A sweep that
/// is meant to cross the line has not failed by crossing it, but by never keeping its promise.
/// </summary>
sealed class BenchSweep(BenchOutput output, TextWriter story)
{
    public int Run(BenchOptions options, IReadOnlyList<double> rates, CancellationToken stop)
    {
        if (options.Levels is not [var level])
            throw new BadInputException("--sweep: sweeps one level; expected no --levels of several");
        if (options.DatasetPath is { } dataset)
            SpecialFile.Refuse(dataset, "requests to sweep with");
        var points = new List<SweepPoint>();
        var rows = 0L;
        for (var i = 0; i < rates.Count && !stop.IsCancellationRequested; i++)
        {
            var steady = level with { RequestsPerSecond = rates[i], Clients = null, Stages = [] };
            var one = options with
            {
                Levels = [steady],
                Load = BenchLoadArguments.Text([steady], options.DatasetPath),
                Detail = false,
                Body = options.Body.ForRun(i),
                FirstRow = rows,
            };
            if (!TryMeasure(one, rates[i], points, stop))
                break;
            rows += points[^1].Result.Levels[0].Requests + points[^1].Result.Levels[0].Cancelled;
        }
        output.Print(points);
        if (points.Any(point => point.Result.Refused is not null))
            return CommandLine.BadInput;
        return points.Count == rates.Count && points.All(point => point.Result.IsValid)
            && points.Any(point => point.Result is { Completed: > 0, Verdict: PromiseVerdict.Kept
                or PromiseVerdict.None }) ? CommandLine.Done : CommandLine.Failed;
    }

    /// <summary>Adds a point, of a rate that could not be measured too; false then.</summary>
    bool TryMeasure(BenchOptions options, double rate, List<SweepPoint> points, CancellationToken stop)
    {
        using var progress = new BenchProgress(story);
        using var run = new BenchRun(options, progress.Report);
        progress.Await(options.Endpoint, () => run.HasAnswered);
        try
        {
            var result = run.Run(stop);
            points.Add(new SweepPoint(rate, result, output.BillOf(result)));
            return true;
        }
        catch (EndpointFailure failure)
        {
            progress.Clear();
            story.WriteLine($"plimsoll: {failure.Message}");
            points.Add(new SweepPoint(rate, FailedRun.Of(options, failure), null));
            return false;
        }
    }
}
