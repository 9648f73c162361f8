using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Validation.MlPerf;

/// <summary>Output tokens per second and accelerator, and the 90 % interval of the tier.</summary>
readonly record struct MlPerfThroughput(double TokensPerSecond, double Low, double High);

/// <summary>
/// The highest throughput of a case: the best of the parallelisms that fit and of a few token budgets, as a
/// submitter would tune them; under limits, the load line at the 99th percentile under Poisson arrivals.
/// Replicas fill the system, so one accelerator's share is all that matters.
/// </summary>
static class MlPerfPrediction
{
    const long Requests = 4000;
    const ulong Seed = 1;
    const double Percentile = 99;

    /// <summary>Sequences that tuned engines were given in the published configurations: 64 to 2,400.</summary>
    const int MaxNumSeqs = 2048;
    const double GpuMemoryUtilization = 0.95;

    static readonly int[] BudgetTokens = [1536, 4096];

    public static MlPerfThroughput Of(MlPerfCase single)
    {
        var best = default(MlPerfThroughput);
        foreach (var deployment in Candidates(single))
        {
            if (!KvCapacity.Blocks(deployment).Fits)
                continue;
            var candidate = Throughput(single, deployment);
            if (candidate.TokensPerSecond > best.TokensPerSecond)
                best = candidate;
        }
        return best;
    }

    static MlPerfThroughput Throughput(MlPerfCase single, Deployment deployment)
    {
        var workload = single.Benchmark.Workload();
        var engine = SimulatedEngine.Of(
            deployment, SchedulingPolicy.VllmV1, (int)(workload.MeanPromptTokens + workload.MeanOutputTokens));
        var rate = SaturatedThroughput.Of(engine, workload, Requests, Seed).RequestsPerSecond;
        var limits = Limits(single);
        if (limits.Count > 0)
            rate = new LoadLineSearch(engine, workload, limits, Requests, Seed).Find(rate).RequestsPerSecond;
        var tokens = rate * workload.MeanOutputTokens * engine.Ranks / deployment.Accelerators;
        return new MlPerfThroughput(tokens, tokens / engine.StepTime.ErrorHigh, tokens / engine.StepTime.ErrorLow);
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

    static IEnumerable<Deployment> Candidates(MlPerfCase single)
    {
        var model = Catalogue.BuiltIn.FindModel(single.Benchmark.Model);
        foreach (var budget in BudgetTokens)
        {
            for (var tp = 1; tp <= single.Accelerators; tp *= 2)
            {
                var deployment = new Deployment
                {
                    Model = model,
                    Accelerator = Catalogue.BuiltIn.FindAccelerator(single.Accelerator),
                    TensorParallel = tp,
                    Weights = single.Weights,
                    Kv = NumberFormat.Fp8,
                    Engine = new EngineSettings
                    {
                        Engine = single.Engine,
                        MaxNumSeqs = MaxNumSeqs,
                        MaxNumBatchedTokens = budget,
                        GpuMemoryUtilization = GpuMemoryUtilization,
                        EnablePrefixCaching = false,
                    },
                };
                yield return deployment;
                // Many small experts are spread over the node, each rank with attention of its own.
                if (tp > 1 && model.Attention.Form == AttentionForm.Latent)
                    yield return deployment with { TensorParallel = 1, DataParallel = tp, ExpertParallel = tp };
            }
        }
    }
}
