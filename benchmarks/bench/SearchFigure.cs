using Plimsoll.Inputs.Choices;
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Bench.Search;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Bench;

namespace Plimsoll.Bench.Figures;

/// <summary>
/// 100 seeded searches against simulated engines whose load line is known from a replay of 200,000 requests.
/// </summary>
static class SearchFigure
{
    static readonly (string Family, string Model, int Tensor, string Promise)[] Engines =
    [
        ("chat", "Llama-3.1-8B", 1, "ttft p95 500ms, tpot p95 30ms"),
        ("chat", "Llama-3.3-70B", 8, "ttft p95 500ms, tpot p95 50ms"),
        ("rag", "Llama-3.3-70B", 8, "ttft p95 1s, tpot p95 40ms"),
        ("summarisation", "Llama-3.1-8B", 1, "ttft p95 500ms"),
    ];

    /// <param name="seeds">Searches of each engine.</param>
    /// <param name="first">The first seed; the others follow it.</param>
    /// <param name="only">A workload family; null for all.</param>
    public static void Print(int seeds, ulong first, string? only)
    {
        foreach (var (family, model, tensor, promise) in Engines)
        {
            if (only is null || only == family)
                Line(family, "h100_sxm", model, tensor, promise, seeds, first);
        }
    }

    static void Line(string family, string gpu, string model, int tensor, string promise, int seeds,
        ulong first)
    {
        var workload = WorkloadFamily.Find(family);
        IReadOnlyList<Limit> limits = [.. promise.Split(", ").Select(PromiseText.Parse)];
        var engine = Engine(gpu, model, tensor);
        var serving = new Serving
        {
            Deployment = DeploymentChoice.Of(engine.Deployment),
            Workload = workload,
            RequestsPerSecond = workload.RequestsPerSecond,
            Levels = [LevelPromise.Of(ServiceLevelSpec.Default, limits)],
            Requests = 20_000,
            Seed = 99,
        };
        var ceiling = SaturatedThroughput.Of(engine, serving).RequestsPerSecond;
        var truth = new LoadLineSearch(engine, serving, new ProbeSize(1, 200_000, 200_000))
            .Find(ceiling, ArrivalProcess.Poisson).RequestsPerSecond;
        var found = new LoadLineEstimate[seeds];
        Parallel.For(0, seeds, seed => found[seed] =
            SimulatedSearch.Run(engine, workload, limits, new LoadLineOptions(), first + (ulong)seed));
        if (Environment.GetEnvironmentVariable("VERBOSE") is not null)
        {
            foreach (var f in found)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"   {f.Rate:0.00} {f.Low:0.00}-{f.High:0.00} {f.Outcome} {f.Binding?.Metric} windows "
                        + $"{f.Windows} requests {f.Requests} took {f.TookS:0}"));
            }
        }
        var errors = found.Select(f => Math.Abs((f.Rate ?? 0) / truth - 1)).Order().ToList();
        // A search that found nothing covers nothing.
        var covering = found.Count(f => f.Outcome == LineOutcome.Found && (f.Low ?? 0) <= truth
            && (f.High ?? double.MaxValue) >= truth);
        var widths = found.Select(f => ((f.High ?? double.NaN) - f.Low) / 2 / truth).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{model}, {family}, {promise}: line {truth:0.000}/s; bias "
                + $"{100 * found.Average(f => (f.Rate ?? 0) / truth - 1):0.0} %, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"error p50 {100 * errors[seeds / 2]:0.0} %, p90 {100 * errors[seeds * 9 / 10]:0.0} %, "
                    + $"worst {100 * errors[^1]:0.0} %; ")
            + string.Create(CultureInfo.InvariantCulture,
                $"interval covers {covering} of {seeds}, half width p50 {100 * widths[seeds / 2]:0.0} %; ")
            + string.Create(CultureInfo.InvariantCulture,
                $"took p50 {found.Select(f => f.TookS).Order().ElementAt(seeds / 2):0} s, most "
                    + $"{found.Max(f => f.TookS):0} s; within 5 %: {errors.Count(e => e <= 0.05)}"));
        Console.WriteLine(new SteadyRuns(engine, workload, limits, truth).Told(seeds));
    }

    static SimulatedEngine Engine(string gpu, string model, int tensor)
    {
        var accelerator = Catalogue.BuiltIn.FindAccelerator(gpu);
        var spec = Catalogue.BuiltIn.FindModel(model);
        return SimulatedEngine.Of(
            new Deployment
            {
                Model = spec,
                Accelerator = accelerator,
                TensorParallel = tensor,
                Weights = spec.NativeWeights,
                Engine = EngineCatalogue.ServerDefaults(accelerator),
            },
            SchedulingPolicy.VllmV1);
    }
}
