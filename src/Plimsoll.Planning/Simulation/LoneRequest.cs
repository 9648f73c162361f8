using System;
using System.Collections.Generic;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Simulation;

/// <summary>What the median request takes that has the engine to itself: no promise is kept sooner.</summary>
public static class LoneRequest
{
    const int Sample = 1000;

    /// <summary>Nanoseconds to its first token, and of a step with its next.</summary>
    /// <param name="workload">The requests.</param>
    /// <param name="engine">One engine rank, whose prefix cache forgets nothing.</param>
    /// <param name="seed">Of the requests drawn.</param>
    public static (long FirstNs, long NextNs) MedianNs(Workload workload, SimulatedEngine engine, ulong seed)
    {
        var arrivals = workload.Open(
            Math.Max(1e-3, workload.RequestsPerSecond), Sample, seed, ArrivalProcess.AtOnce);
        var block = engine.Deployment.Engine.EnablePrefixCaching ? arrivals.PrefixBlockTokens : 0;
        var seen = new HashSet<ulong>();
        var (firsts, nexts) = (new List<long>(Sample), new List<long>(Sample));
        while (firsts.Count < Sample && arrivals.TryPeek(out var atNs))
        {
            arrivals.Take(out var arrival);
            var cached = block * Cached(seen, arrival.PrefixKeys.Span);
            firsts.Add(FirstNs(engine.StepTime, arrival.PromptTokens, cached));
            var decode = default(StepShape);
            decode.AddDecodes(1, arrival.PromptTokens);
            nexts.Add(engine.StepTime.PredictNs(decode));
            arrivals.Finished(arrival.Session, atNs);
        }
        return (Median(firsts), Median(nexts));
    }

    static long FirstNs(StepTimeModel time, int prompt, int cached)
    {
        var start = Math.Min(cached, Math.Max(0, prompt - 1));
        var prefill = default(StepShape);
        prefill.AddChunk(start, Math.Max(1, prompt - start), endsPrompt: true);
        return time.PredictNs(prefill) + time.RequestOverhead.Ns(prompt);
    }

    /// <summary>Leading blocks that an earlier prompt had.</summary>
    static int Cached(HashSet<ulong> seen, ReadOnlySpan<ulong> keys)
    {
        var cached = 0;
        while (cached < keys.Length && seen.Contains(keys[cached]))
            cached++;
        foreach (var key in keys[cached..])
            seen.Add(key);
        return cached;
    }

    static long Median(List<long> values)
    {
        values.Sort();
        return values.Count == 0 ? 0 : values[(values.Count - 1) / 2];
    }
}
