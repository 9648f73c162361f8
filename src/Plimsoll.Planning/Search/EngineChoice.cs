using System;
using System.Threading.Tasks;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>Settles the degrees of parallelism that a choice of deployment leaves open.</summary>
public static class EngineChoice
{
    /// <summary>Runs that a choice takes, in full runs, for its progress.</summary>
    const double Runs = 10;

    /// <summary>
    /// The engine of the cheapest deployment that keeps the promise; the nearest miss if none does.
    /// </summary>
    public static SimulatedEngine Of(Serving serving, Action<double>? progress = null) =>
        Of(serving, new RunProgress(progress, serving.Requests, Runs));

    internal static SimulatedEngine Of(Serving serving, RunProgress progress)
    {
        var deployments = ParallelismChoice.Candidates(serving.Deployment);
        var engines = new SimulatedEngine[deployments.Count];
        for (var i = 0; i < engines.Length; i++)
        {
            var stepTime = serving.Deployment.Profile?.ModelOf(deployments[i])
                ?? StepTimeCatalogue.ModelOf(deployments[i]);
            engines[i] = SimulatedEngine.Of(stepTime, serving.Policy, serving.MeanContextTokens);
        }
        if (engines.Length == 1)
            return engines[0];

        // A quarter of the requests tells the candidates apart; the winner is measured in full.
        var requests = Math.Max(
            Math.Max(2_000, serving.Requests / 4), LoadLineSearch.NeededRequests(serving.Limits));
        var lines = new LoadLineResult[engines.Length];
        Parallel.For(0, engines.Length, i =>
        {
            lines[i] = LineOf(serving with { Requests = requests }, engines[i], progress);
        });
        var best = 0;
        for (var i = 1; i < engines.Length; i++)
        {
            if (IsBetter(engines[i], lines[i], engines[best], lines[best]))
                best = i;
        }
        return engines[best];
    }

    /// <summary>The load line of one engine; one that serves nothing at all has none.</summary>
    internal static LoadLineResult LineOf(Serving serving, SimulatedEngine engine, RunProgress progress)
    {
        var search = new LoadLineSearch(engine, serving) { AfterRun = () => progress.Ran(serving.Requests) };
        var ceiling = SaturatedThroughput.Find(engine, serving);
        progress.Ran(serving.Requests);
        return ceiling is null ? new LoadLineResult(0, null, Unserved: 1)
            : search.Find(ceiling.RequestsPerSecond);
    }

    static bool IsBetter(SimulatedEngine a, LoadLineResult lineOfA, SimulatedEngine b, LoadLineResult lineOfB)
    {
        if (lineOfA.RequestsPerSecond > 0 && lineOfB.RequestsPerSecond > 0)
        {
            return a.Deployment.Accelerators * lineOfB.RequestsPerSecond
                < b.Deployment.Accelerators * lineOfA.RequestsPerSecond;
        }
        if (lineOfA.RequestsPerSecond > 0 || lineOfB.RequestsPerSecond > 0)
            return lineOfA.RequestsPerSecond > 0;
        return lineOfA.Unserved < lineOfB.Unserved
            || (lineOfA.Unserved == lineOfB.Unserved && lineOfA.Binding?.Ratio < lineOfB.Binding?.Ratio);
    }
}
