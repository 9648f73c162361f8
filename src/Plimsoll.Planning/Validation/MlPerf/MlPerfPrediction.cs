using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Validation.MlPerf;

/// <summary>
/// Output tokens per second and accelerator, the tier's 90 % interval, and the settings that gave it.
/// </summary>
readonly record struct MlPerfThroughput(double TokensPerSecond, double Low, double High, string Settings);

/// <summary>
/// The highest throughput of a case: the best of the parallelisms that fit and of a few token budgets, as a
/// submitter would tune them; under limits, the load line at the 99th percentile under Poisson arrivals.
/// Replicas fill the system, so one accelerator's share is all that matters.
/// </summary>
static class MlPerfPrediction
{
    /// <summary>
    /// A run lasts ten minutes at least, so that an overload shows; the percentiles need some requests.
    /// </summary>
    const double DurationS = 600;
    const long LeastRequests = 2000;

    /// <summary>Requests of the run that measures throughput: the batch turns over several times.</summary>
    const long SaturatingRequests = 4000;

    const ulong Seed = 1;
    const double Percentile = 99;

    /// <summary>
    /// Sequences that tuned engines were given in the published configurations: 64 to 2,400.
    /// </summary>
    const int MaxNumSeqs = 2048;
    const double GpuMemoryUtilization = 0.95;

    /// <summary>Pipeline stages as far as an account considers them too.</summary>
    const int MostStages = 4;

    static readonly int[] BudgetTokens = [512, 1536, 4096];

    /// <summary>Throughput without limits by deployment and benchmark: scenarios share it.</summary>
    static readonly ConcurrentDictionary<(Deployment, MlPerfBenchmark), Lazy<Ceiling>> Ceilings = new();

    sealed record Ceiling(SimulatedEngine Engine, double RequestsPerSecond)
    {
        public double PerAccelerator(double requestsPerSecond) =>
            requestsPerSecond * Engine.Ranks / Engine.Deployment.Accelerators;
    }

    public static MlPerfThroughput Of(MlPerfCase single)
    {
        var workload = single.Benchmark.Workload();
        var ceilings = new List<Ceiling>();
        foreach (var deployment in Candidates(single))
        {
            if (EngineCatalogue.Capacity(deployment).Fits)
                ceilings.Add(CeilingOf(deployment, single.Benchmark, workload));
        }
        // From the highest ceiling down, so that those below what is already reached need no search.
        ceilings.Sort(
            (a, b) => b.PerAccelerator(b.RequestsPerSecond).CompareTo(a.PerAccelerator(a.RequestsPerSecond)));
        var best = default(MlPerfThroughput);
        var limits = Limits(single);
        foreach (var ceiling in ceilings)
        {
            if (ceiling.PerAccelerator(ceiling.RequestsPerSecond) * workload.MeanOutputTokens
                <= best.TokensPerSecond)
            {
                break;
            }

            var tokens = ceiling.PerAccelerator(Rate(ceiling, workload, limits)) * workload.MeanOutputTokens;
            if (tokens > best.TokensPerSecond)
                best = Throughput(tokens, ceiling.Engine);
        }
        return best;
    }

    static Ceiling CeilingOf(Deployment deployment, MlPerfBenchmark benchmark, Workload workload) =>
        Ceilings.GetOrAdd((deployment, benchmark), _ => new Lazy<Ceiling>(() =>
        {
            var engine = SimulatedEngine.Of(
                deployment, SchedulingPolicy.VllmV1,
                    (int)(workload.MeanPromptTokens + workload.MeanOutputTokens));
            return new Ceiling(engine, SaturatedThroughput.Of(
                engine, ServingOf(deployment, workload, [], SaturatingRequests)).RequestsPerSecond);
        })).Value;

    static double Rate(Ceiling ceiling, Workload workload, List<Limit> limits)
    {
        if (limits.Count == 0)
            return ceiling.RequestsPerSecond;
        var requests = Math.Max(LeastRequests, (long)(DurationS * ceiling.RequestsPerSecond));
        var serving = ServingOf(ceiling.Engine.Deployment, workload, limits, requests);
        return new LoadLineSearch(ceiling.Engine, serving, new ProbeSize(1, requests, requests))
            .Find(ceiling.RequestsPerSecond).RequestsPerSecond;
    }

    static Serving ServingOf(
        Deployment deployment, Workload workload, IReadOnlyList<Limit> limits, long requests) => new()
    {
        Deployment = DeploymentChoice.Of(deployment),
        Workload = workload,
        RequestsPerSecond = workload.RequestsPerSecond,
        Levels = [LevelPromise.Of(ServiceLevelSpec.Default, limits)],
        Requests = requests,
        Seed = Seed,
    };

    static MlPerfThroughput Throughput(double tokens, SimulatedEngine engine)
    {
        var d = engine.Deployment;
        return new MlPerfThroughput(
            tokens, tokens / engine.StepTime.ErrorHigh, tokens / engine.StepTime.ErrorLow,
            $"tp{d.TensorParallel} pp{d.PipelineParallel} dp{d.DataParallel}, "
            + $"{d.Engine.MaxNumBatchedTokens} tokens a step");
    }

    static List<Limit> Limits(MlPerfCase single)
    {
        var limits = new List<Limit>();
        if (single.TtftLimitMs is { } ttft)
            limits.Add(new Limit(Metric.Ttft, Percentile, (long)(ttft * 1e6)));
        if (single.TpotLimitMs is { } tpot)
            limits.Add(new Limit(Metric.Tpot, Percentile, (long)(tpot * 1e6)));
        return limits;
    }

    /// <summary>
    /// Every split of the system into equal replicas, with pipeline stages where one card is too small.
    /// </summary>
    static IEnumerable<Deployment> Candidates(MlPerfCase single)
    {
        var model = Catalogue.BuiltIn.FindModel(single.Benchmark.Model);
        foreach (var budget in BudgetTokens)
        {
            var one = new Deployment
            {
                Model = model,
                Accelerator = Catalogue.BuiltIn.FindAccelerator(single.Accelerator),
                Weights = single.Weights,
                Kv = NumberFormat.Fp8,
                Engine = new EngineSettings
                {
                    Engine = single.Software.Engine,
                    EngineVersion = single.Software.Release,
                    MaxNumSeqs = MaxNumSeqs,
                    MaxNumBatchedTokens = budget,
                    GpuMemoryUtilization = GpuMemoryUtilization,
                    EnablePrefixCaching = false,
                },
            };
            var stages = EngineCatalogue.Capacity(one).Fits ? 1 : MostStages;
            for (var tp = 1; tp <= single.Accelerators; tp *= 2)
            {
                for (var pp = 1; pp <= stages && tp * pp <= single.Accelerators; pp *= 2)
                    yield return one with { TensorParallel = tp, PipelineParallel = pp };
                // Many small experts are spread over the node, each rank with attention of its own.
                if (tp > 1 && model.Attention.Form == AttentionForm.Latent)
                    yield return one with { DataParallel = tp, ExpertParallel = tp };
            }
        }
    }
}
