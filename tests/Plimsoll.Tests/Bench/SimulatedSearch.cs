using System.Collections.Generic;
using Plimsoll.Bench.Search;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Tests.Bench;

/// <summary>The search of a live endpoint's load line, run inside a simulation of the endpoint.</summary>
static class SimulatedSearch
{
    public static LoadLineEstimate Run(
        SimulatedEngine engine, Workload workload, IReadOnlyList<Limit> limits, LoadLineOptions options,
            ulong seed,
        ArrivalProcess process = ArrivalProcess.Poisson)
    {
        var finder = new LoadLineFinder(limits, options);
        var opened = 0UL;
        var arrivals = new SearchedArrivals(
            finder, rate => workload.Open(rate, 1_000_000, seed + 1000 * opened++, process));
        var windows = new List<int>();
        var broken = new bool[limits.Count];
        FleetSimulation.Run(new Fleet { Serving = engine.Pool() }, new Noting(arrivals, windows),
            closedLoop: false, new SimulationOptions
        {
            Requests = 1_000_000,
            Seed = seed,
            Limits = limits,
            Observer = (in CompletedRequest request) =>
            {
                for (var limit = 0; limit < limits.Count; limit++)
                    broken[limit] = Breaks(request, limits[limit]);
                finder.Ended(
                    windows[(int)request.Index], request.ArrivalNs, broken,
                        request.LastTokenNs - request.ArrivalNs);
            },
        });
        return finder.Estimate();
    }

    public static bool Breaks(in CompletedRequest request, Limit limit) =>
        !request.Served || limit.LimitNs < limit.Metric switch
    {
        Metric.Ttft => request.FirstTokenNs - request.ArrivalNs,
        Metric.Tpot => request.OutputTokens > 1
            ? (request.LastTokenNs - request.FirstTokenNs) / (request.OutputTokens - 1) : 0,
        _ => request.LastTokenNs - request.ArrivalNs,
    };

    /// <summary>Remembers the window of each request in order of arrival.</summary>
    sealed class Noting(SearchedArrivals arrivals, List<int> windows) : IArrivalSource
    {
        public int PrefixBlockTokens => arrivals.PrefixBlockTokens;

        public bool TryPeek(out long atNs) => arrivals.TryPeek(out atNs);

        public void Take(out Arrival arrival)
        {
            arrivals.Take(out arrival);
            windows.Add(arrivals.Window);
        }

        public void Finished(int session, long nowNs)
        {
        }
    }
}
