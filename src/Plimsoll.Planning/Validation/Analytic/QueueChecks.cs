using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>The simulator as a queue of theory: M/D/1, M/G/1 and M/M/c.</summary>
static class QueueChecks
{
    const int Replications = 40;
    const int Requests = 20_000;
    const int Warmup = 4_000;

    public static IEnumerable<AnalyticCheck> All()
    {
        foreach (var load in new[] { 0.5, 0.8, 0.9 })
            yield return DeterministicService(load);
        foreach (var load in new[] { 0.5, 0.8 })
            yield return GeneralService(load);
        foreach (var (places, load) in new[] { (1, 0.8), (4, 0.8), (16, 0.9) })
        {
            yield return ErlangWait(places, load);
            yield return ErlangDelayed(places, load);
        }
    }

    /// <summary>M/D/1: mean wait = ρ·S / 2(1 − ρ).</summary>
    static AnalyticCheck DeterministicService(double load)
    {
        const int Steps = 10;
        var service = Steps * (ConstantStepEngine.StepNs / 1e6);
        return Check(
            FormattableString.Invariant($"M/D/1 mean wait, load {load}"),
            $"max_num_seqs 1, {Steps} tokens each", "ms", load * service / (2 * (1 - load)),
            places: 1, service / load, QueueArrivals.Constant(Steps), MeanWaitMs);
    }

    /// <summary>M/G/1, Pollaczek–Khinchine: mean wait = λ·E[S²] / 2(1 − ρ).</summary>
    static AnalyticCheck GeneralService(double load)
    {
        const int Least = 5, Most = 100;
        const double Share = 0.1;
        var step = ConstantStepEngine.StepNs / 1e6;
        var mean = step * ((1 - Share) * Least + Share * Most);
        var square = step * step * ((1 - Share) * Least * Least + Share * Most * Most);
        return Check(
            FormattableString.Invariant($"M/G/1 mean wait, load {load}"),
            $"max_num_seqs 1, {Least} tokens, or {Most} for one in ten", "ms",
            load / mean * square / (2 * (1 - load)),
            places: 1, mean / load, QueueArrivals.TwoPoint(Least, Most, Share), MeanWaitMs);
    }

    /// <summary>
    /// Steps of a mean M/M/c service. An arrival waits for the step in flight to end, on average half a
    /// step, which theory does not know: at most 0.05 % of a service.
    /// </summary>
    const int MeanSteps = 1000;

    /// <summary>M/M/c: mean wait = C(c, λ/μ) / (cμ − λ).</summary>
    static AnalyticCheck ErlangWait(int places, double load)
    {
        var service = MeanSteps * (ConstantStepEngine.StepNs / 1e6);
        return Check(
            FormattableString.Invariant($"M/M/{places} mean wait, load {load}"), ErlangSetup(places), "ms",
            ErlangC(places, places * load) * service / (places * (1 - load)),
            places, service / (places * load), QueueArrivals.Geometric(MeanSteps), MeanWaitMs);
    }

    /// <summary>
    /// M/M/c: the share of requests that wait, more than the step that runs, is Erlang's C.
    /// </summary>
    static AnalyticCheck ErlangDelayed(int places, double load)
    {
        var service = MeanSteps * (ConstantStepEngine.StepNs / 1e6);
        return Check(
            FormattableString.Invariant($"M/M/{places} share that waits (Erlang C), load {load}"),
            ErlangSetup(places), "%",
            100 * ErlangC(places, places * load),
            places, service / (places * load), QueueArrivals.Geometric(MeanSteps), PercentDelayed);
    }

    static string ErlangSetup(int places) =>
        $"max_num_seqs {places}, geometric answers of {MeanSteps} tokens";

    /// <summary>Erlang's C from his B, by the recursion B(n) = aB(n − 1) / (n + aB(n − 1)).</summary>
    internal static double ErlangC(int servers, double offered)
    {
        var blocked = 1.0;
        for (var n = 1; n <= servers; n++)
            blocked = offered * blocked / (n + offered * blocked);
        return blocked / (1 - offered / servers * (1 - blocked));
    }

    static double MeanWaitMs(double[] waitsMs)
    {
        double sum = 0;
        foreach (var wait in waitsMs)
            sum += wait;
        return sum / waitsMs.Length;
    }

    static double PercentDelayed(double[] waitsMs)
    {
        var delayed = 0;
        foreach (var wait in waitsMs)
            delayed += wait > ConstantStepEngine.StepNs / 1e6 ? 1 : 0;
        return 100.0 * delayed / waitsMs.Length;
    }

    static AnalyticCheck Check(
        string name, string setup, string unit, double theory, int places, double gapMs, ServiceSteps steps,
        Func<double[], double> figure)
    {
        var figures = new double[Replications];
        Parallel.For(0, Replications, i =>
            figures[i] = figure(Waits(places, gapMs, steps, SeedOf(name, i))));
        var mean = MeanWaitMs(figures);
        double squares = 0;
        foreach (var value in figures)
            squares += (value - mean) * (value - mean);
        var standardError = Math.Sqrt(squares / (Replications - 1) / Replications);
        return new AnalyticCheck(
            name, $"{setup}; {Replications} × {Requests - Warmup:N0} requests", unit, theory, mean,
            standardError);
    }

    /// <summary>No two checks share a draw, so their errors are independent (FNV-1a of the name).</summary>
    static ulong SeedOf(string name, int replication)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in name)
            hash = (hash ^ character) * 1099511628211UL;
        return hash + (ulong)replication;
    }

    /// <summary>Every measured request's wait before its first step, milliseconds.</summary>
    static double[] Waits(int places, double gapMs, ServiceSteps steps, ulong seed)
    {
        var waits = new double[Requests - Warmup];
        FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(
                ConstantStepEngine.Limits(places), ConstantStepEngine.StepTime) },
            new QueueArrivals(gapMs * 1e6, steps, seed), closedLoop: false,
            new SimulationOptions
            {
                Requests = Requests,
                Observer = (in CompletedRequest request) =>
                {
                    var wait = request.FirstTokenNs - request.ArrivalNs - ConstantStepEngine.StepNs;
                    if (request.Index >= Warmup)
                        waits[request.Index - Warmup] = wait / 1e6;
                },
            });
        return waits;
    }
}
