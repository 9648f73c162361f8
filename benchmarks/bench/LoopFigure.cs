using Plimsoll.Inputs.Choices;
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Bench.Load;
using Plimsoll.Bench.Results;
using Plimsoll.Bench.Runs;
using Plimsoll.Bench.Search;
using Plimsoll.Bench.Wire;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Profiles;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Bench;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// The loop closed in simulated time: an engine whose step times nobody is told is measured at four loads,
/// its detailed results are calibrated to, and the line that the fit predicts stands beside the line that the
/// search measures on the engine itself.
/// </summary>
static class LoopFigure
{
    static readonly (StepTerm Term, double Factor)[][] Hidden =
    [
        [(StepTerm.Products, 1.25), (StepTerm.Host, 1.6)],
        [(StepTerm.Products, 0.85)],
        [(StepTerm.DecodeAttention, 1.8), (StepTerm.Products, 1.1)],
    ];

    /// <summary>A single one is off by 2 % in either direction.</summary>
    const int Searches = 9;

    static readonly IReadOnlyList<Limit> Promise =
        [PromiseText.Parse("ttft p95 500ms"), PromiseText.Parse("tpot p95 40ms")];

    public static void Print()
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B");
        var deployment = new Deployment
        {
            Model = model,
            Accelerator = accelerator,
            Weights = model.NativeWeights,
            Engine = EngineCatalogue.ServerDefaults(accelerator) with { EnablePrefixCaching = false },
        };
        foreach (var terms in Hidden)
        {
            var scale = terms.Aggregate(StepScale.None, (all, term) => all.With(term.Term, term.Factor));
            Line(deployment, scale, string.Join(", ", terms.Select(t =>
                string.Create(CultureInfo.InvariantCulture, $"{t.Term.Name()} × {t.Factor}"))));
        }
    }

    static void Line(Deployment deployment, StepScale hidden, string name)
    {
        var chat = WorkloadFamily.Find("chat");
        var engine = Engine(StepTimeCatalogue.ModelOf(deployment, hidden));
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            // Only long contexts decoded together tell attention from what the host does for each sequence.
            var files = new[] { ("chat", 3.0), ("chat", 12.0), ("rag", 1.5), ("rag", 4.0) }
                .Select(load => Measure(engine, load.Item1, load.Item2, folder.FullName)).ToList();
            var profile = Calibrator.Calibrate(files, deployment, null);
            var file = Path.Combine(folder.FullName, "profile.json");
            File.WriteAllText(file, ProfileFile.Write(profile));
            var fitted = Engine(FittedStepTimes.Read(file).ModelOf(deployment, contextTokens: null));
            var predicted = Line(fitted, chat);
            var before = Line(Engine(StepTimeCatalogue.ModelOf(deployment)), chat);
            var (truth, measured) = (Line(engine, chat), Measured(engine, chat));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: the engine's line is {truth:0.00}/s; bench measures {measured:0.00}/s (median of "
                    + $"{Searches} searches, {100 * (measured / truth - 1):+0.0;-0.0} %); predicted after ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"calibration {predicted:0.00}/s ({100 * (predicted / measured - 1):+0.0;-0.0} % of "
                    + $"what was measured, {100 * (predicted / truth - 1):+0.0;-0.0} % of the line), before ")
                + string.Create(CultureInfo.InvariantCulture,
                    $"{before:0.00}/s ({100 * (before / measured - 1):+0.0;-0.0} %); {Fitted(profile)}"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>What account predicts: the line of a long replay.</summary>
    static double Line(SimulatedEngine engine, Workload workload)
    {
        var serving = Serving(engine, workload);
        return new LoadLineSearch(engine, serving, new ProbeSize(4, 60_000, 60_000))
            .Find(SaturatedThroughput.Of(engine, serving).RequestsPerSecond, ArrivalProcess.Poisson)
            .RequestsPerSecond;
    }

    static string Fitted(CalibrationProfile profile) => "fitted " + string.Join(", ", profile.Multipliers
        .Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Term} × {m.Factor:0.00}")));

    static double Measured(SimulatedEngine engine, Workload workload)
    {
        var rates = new double[Searches];
        Parallel.For(0, Searches, i => rates[i] =
            SimulatedSearch.Run(engine, workload, Promise, new LoadLineOptions(), seed: 11 + (ulong)i).Rate
                ?? double.NaN);
        return rates.Order().ElementAt(Searches / 2);
    }

    static Serving Serving(SimulatedEngine engine, Workload workload) => new()
    {
        Deployment = DeploymentChoice.Of(engine.Deployment),
        Workload = workload,
        RequestsPerSecond = workload.RequestsPerSecond,
        Levels = [LevelPromise.Of(ServiceLevelSpec.Default, Promise)],
        Requests = 20_000,
        Seed = 3,
    };

    static SimulatedEngine Engine(StepTimeModel model) => SimulatedEngine.Of(model, SchedulingPolicy.VllmV1);

    /// <summary>A run of the engine, written as bench writes a live one.</summary>
    static string Measure(SimulatedEngine engine, string family, double rate, string folder)
    {
        var meter = new LevelMeter(new LevelOptions());
        using var detail = new DetailSpool();
        var record = new RequestRecord();
        engine.Run(WorkloadFamily.Find(family), rate, new SimulationOptions
        {
            Requests = 1500,
            Seed = (ulong)(10 * rate),
            Observer = (in CompletedRequest request) =>
            {
                record.Clear();
                record.Index = request.Index;
                record.ScheduledNs = record.SentNs = request.ArrivalNs;
                record.PromptTokens = request.PromptTokens;
                record.OutputTokens = request.OutputTokens;
                // The client sees the engine's own overhead of a request in its first token.
                var overhead = engine.StepTime.RequestOverhead.Ns(request.PromptTokens);
                record.Arrived(request.FirstTokenNs + overhead, 1);
                if (request.OutputTokens > 1)
                    record.Arrived(request.LastTokenNs + overhead, request.OutputTokens);
                meter.Add(record);
                detail.Add(record);
            },
        }, ArrivalProcess.Poisson);
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{family}-{rate}.json"));
        VllmJson.Save(Result(meter), path, detail);
        return path;
    }

    static BenchResult Result(LevelMeter meter) => new()
    {
        StartedAt = DateTimeOffset.UnixEpoch,
        DurationS = 1,
        Interrupted = false,
        Address = "simulated",
        Model = "Llama-3.1-8B",
        TokenCounting = "by the simulation",
        PromptLengths = "by the simulation",
        Load = "chat",
        RequestRate = 1,
        Levels = [meter.Report(LatencyReport.UsualPercentiles)],
        Client = new ClientReport
        {
            DispatchLateP50Ms = 0, DispatchLateP99Ms = 0, WrittenLateP50Ms = 0, WrittenLateP99Ms = 0,
            ReadLagP99Ms = 0, CpuShare = 0, PausedMs = 0,
            ClockSteps = 0, ClockSteppedMs = 0, MostShare = 0.1, InvalidBecause = [],
        },
    };
}
