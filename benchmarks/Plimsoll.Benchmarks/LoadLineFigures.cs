using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// How far the default load line moves from seed to seed, beside what a single draw of 20,000 requests
/// gives: <c>make load-line</c>.
/// </summary>
static class LoadLineFigures
{
    const int Seeds = 20;

    public static void Print(TextWriter output)
    {
        var engine = ChatEngine.Create();
        foreach (var name in new[] { "chat", "code-completion", "arena" })
            Spread(output, engine, WorkloadFamily.Find(name));
    }

    static void Spread(TextWriter output, SimulatedEngine engine, Workload workload)
    {
        var lines = new List<double>();
        var errors = new List<double>();
        var size = default(ProbeSize);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        for (ulong seed = 1; seed <= Seeds; seed++)
        {
            var serving = Serving(engine, workload, seed);
            var ceiling = SaturatedThroughput.Of(engine, serving).RequestsPerSecond;
            size = ProbeSize.Of(serving, ceiling);
            var line = new LoadLineSearch(engine, serving, size).Find(ceiling);
            lines.Add(line.RequestsPerSecond);
            errors.Add(line.StandardError ?? double.NaN);
        }
        var seconds = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds / Seeds;
        var mean = lines.Average();
        var deviation = Math.Sqrt(lines.Sum(l => (l - mean) * (l - mean)) / (lines.Count - 1));
        output.WriteLine(FormattableString.Invariant(
            $"{workload.Name,-16} load line over {Seeds} seeds: mean {mean:0.000}, standard deviation ")
            + FormattableString.Invariant($"{100 * deviation / mean:0.00} %, least {lines.Min():0.000}, ")
            + FormattableString.Invariant($"most {lines.Max():0.000}; standard error as told ")
            + FormattableString.Invariant(
            $"{100 * errors.Average() / mean:0.00} %; {size!.Streams} streams of ")
            + FormattableString.Invariant($"{size.Requests:N0} requests, {seconds:0.00} CPU-seconds each"));
    }

    static Serving Serving(SimulatedEngine engine, Workload workload, ulong seed) => new()
    {
        Deployment = DeploymentChoice.Of(engine.Deployment),
        Workload = workload,
        RequestsPerSecond = workload.RequestsPerSecond,
        Levels = ChatEngine.Levels,
        Seed = seed,
    };
}
