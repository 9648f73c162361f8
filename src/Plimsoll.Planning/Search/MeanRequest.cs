using System;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>A workload as its mean request: what closed forms know of it.</summary>
/// <param name="PromptTokens">Mean prompt, cached part included.</param>
/// <param name="CachedTokens">Of it found in a prefix cache without bound; 0 where none is shared.</param>
/// <param name="OutputTokens">Mean answer, at least one.</param>
public readonly record struct MeanRequest(double PromptTokens, double CachedTokens, double OutputTokens)
{
    const long Sample = 10_000;

    public double Tokens => PromptTokens + OutputTokens;

    /// <summary>Prompt tokens that have to be computed.</summary>
    public double NewTokens => Math.Max(1, PromptTokens - CachedTokens);

    /// <summary>
    /// The mean over the workload's own draws. Shared prefixes are counted by an engine that never forgets
    /// one, so that no real cache finds more.
    /// </summary>
    public static MeanRequest Of(Serving serving, SimulatedEngine engine)
    {
        var workload = serving.Workload;
        var arrivals = workload.Open(
            workload.RequestsPerSecond, Sample, serving.Seed, ArrivalProcess.AtOnce);
        if (arrivals.PrefixBlockTokens > 0 && engine.Deployment.Engine.EnablePrefixCaching)
        {
            var run = engine.WithoutMemoryLimit().Run(
                workload, workload.RequestsPerSecond,
                new SimulationOptions { Requests = Sample, Seed = serving.Seed, Levels = serving.Levels },
                ArrivalProcess.AtOnce);
            var requests = Math.Max(1.0, run.Completed);
            return new MeanRequest(
                run.PromptTokens / requests, run.CachedPromptTokens / requests,
                Math.Max(1, run.OutputTokens / requests));
        }
        return OfDraws(arrivals);
    }

    static MeanRequest OfDraws(IArrivalSource arrivals)
    {
        double prompts = 0, outputs = 0, count = 0;
        while (count < Sample && arrivals.TryPeek(out var atNs))
        {
            arrivals.Take(out var arrival);
            prompts += arrival.PromptTokens;
            outputs += Math.Max(1, arrival.OutputTokens);
            count++;
            arrivals.Finished(arrival.Session, atNs);
        }
        return new MeanRequest(prompts / Math.Max(1, count), 0, Math.Max(1, outputs / Math.Max(1, count)));
    }
}
