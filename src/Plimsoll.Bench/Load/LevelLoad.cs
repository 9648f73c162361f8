using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Bench.Load;

/// <summary>Builds the load of levels from what the user chose.</summary>
public static class LevelLoad
{
    public static ILoadSource Of(IReadOnlyList<LevelOptions> levels)
    {
        var sources = levels.Select((level, index) => Of(level, index)).ToList();
        return sources.Count == 1 ? sources[0] : new MixedLoad(sources);
    }

    static ILoadSource Of(LevelOptions level, int index) => level.Clients is { } clients
        ? new ClosedLoad(Lengths(level), clients, index)
        : new ArrivalLoad(Open(level), index);

    /// <summary>The open stream of a level; also what a search changes the rate of.</summary>
    public static IArrivalSource Open(LevelOptions level)
    {
        if (level.Stages.Count == 0)
            return Steady(level);
        if (level.Workload is { ClosedLoop: true })
        {
            throw new BadInputException(
                $"{Setting.Stages}", $"{level.Workload.Name} waits for answers", "a workload that does not");
        }
        double requests = 0, seconds = 0;
        foreach (var stage in level.Stages)
        {
            requests += stage.Requests;
            seconds += stage.DurationNs / 1e9;
        }
        var mean = requests / seconds;
        return new StagedArrivals(Steady(level with { RequestsPerSecond = mean }), mean, level.Stages);
    }

    static IArrivalSource Steady(LevelOptions level)
    {
        if (level.Workload is { ClosedLoop: true } sessions
            && (level.Burstiness is not null || (level.Poisson && sessions is TraceWorkload)))
        {
            throw new BadInputException($"{Setting.Arrivals} or {Setting.Burstiness}",
                $"later requests of {sessions.Name} wait for answers", "its own arrivals");
        }
        if (level.Burstiness is { } shape)
        {
            return new RetimedArrivals(Lengths(level), level.RequestsPerSecond,
                new GapProcess(shape, level.Seed));
        }
        if (level is { Poisson: false, Workload: TraceWorkload { ClosedLoop: false, HasRate: true } trace })
        {
            // Every row once, in its order: at another rate its gaps are scaled, nothing is left out.
            var own = trace.RequestsPerSecond;
            return new ScaledArrivals(trace.Open(own, level.Requests, level.Seed),
                own / level.RequestsPerSecond);
        }
        if (level.Workload is { } workload)
        {
            return workload.Open(
                level.RequestsPerSecond, level.Requests, level.Seed,
                level.Poisson ? ArrivalProcess.Poisson : ArrivalProcess.Own);
        }
        return new RetimedArrivals(Lengths(level), level.RequestsPerSecond, new GapProcess(1, level.Seed));
    }

    static IArrivalSource Lengths(LevelOptions level) => level.Workload is { } workload
        ? workload.Open(workload.RequestsPerSecond, level.Requests, level.Seed, ArrivalProcess.AtOnce)
        : new LengthArrivals(level.Lengths ?? new LengthOptions(1, 1), level.Requests, level.Seed);
}
