using Plimsoll.Inputs.Choices;
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
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
/// The loop closed in simulated time: an engine whose step times nobody is told is measured at three loads,
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
            var files = new[] { ("chat", 3.0), ("chat", 12.0), ("rag", 1.5) }
                .Select(load => Measure(engine, load.Item1, load.Item2, folder.FullName)).ToList();
            var profile = Calibrator.Calibrate(files, deployment, null);
            var file = Path.Combine(folder.FullName, "profile.json");
            File.WriteAllText(file, ProfileFile.Write(profile));
            var fitted = Engine(FittedStepTimes.Read(file).ModelOf(deployment));
            var ceiling = SaturatedThroughput.Of(fitted, Serving(fitted, chat)).RequestsPerSecond;
            var predicted =
                new LoadLineSearch(fitted, Serving(fitted, chat), new ProbeSize(1, 60_000, 60_000))
                .Find(ceiling, ArrivalProcess.Poisson).RequestsPerSecond;
            var unfitted = Engine(StepTimeCatalogue.ModelOf(deployment));
            var before =
                new LoadLineSearch(unfitted, Serving(unfitted, chat), new ProbeSize(1, 60_000, 60_000))
                .Find(2 * ceiling, ArrivalProcess.Poisson).RequestsPerSecond;
            var measured = SimulatedSearch.Run(engine, chat, Promise, new LoadLineOptions(), seed: 11);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: measured {measured.Rate:0.00}/s ({measured.Low:0.00} – {measured.High:0.00}), "
                + $"predicted {predicted:0.00}/s after calibration "
                + $"({100 * (predicted / measured.Rate - 1):+0.0;-0.0} %), {before:0.00}/s before "
                + $"({100 * (before / measured.Rate - 1):+0.0;-0.0} %)"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
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
                var overhead = engine.StepTime.RequestOverheadNs;
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
        Levels = [meter.Report([50, 90, 95, 99])],
        Client = new ClientReport
        {
            LatenessP50Ms = 0, LatenessP99Ms = 0, SendingP99Ms = 0, LagP99Ms = 0, CpuShare = 0, PausedMs = 0,
            ClockSteps = 0, ClockSteppedMs = 0, MostShare = 0.1, InvalidBecause = [],
        },
    };
}
