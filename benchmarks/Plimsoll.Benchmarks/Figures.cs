using System;
using System.Diagnostics;
using System.IO;
using Plimsoll.Core.Measures;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// The speed figures that are promised, each the best of three runs on one thread after one to warm up, since
/// whatever else a machine does only adds time: <c>make figures</c>.
/// </summary>
static class Figures
{
    public static void Print(TextWriter output)
    {
        var engine = ChatEngine.Create();
        var chat = WorkloadFamily.Find("chat");
        // First, while the process has no other run's memory: its peak is this run's own.
        Measure(output, "a week of 10 million, 4 replicas", engine, chat, 10_000_000 / 604_800.0, 10_000_000,
            ArrivalProcess.Week, replicas: 4, runs: 1);
        foreach (var rate in new[] { 2.0, 7.0 })
            Measure(output, $"chat at {rate:0} requests/s", engine, chat, rate, 1_000_000);
        Measure(output, "chat, everything at once", engine, chat, 7, 1_000_000, ArrivalProcess.AtOnce);
        var trace = Path.Combine("..", "shared", "data", "traces", "mooncake-synthetic.jsonl.gz");
        if (File.Exists(trace))
        {
            var mooncake = WorkloadChoice.Open(trace);
            Measure(output, "Mooncake synthetic, prefix cache", engine, mooncake, mooncake.RequestsPerSecond,
                200_000);
        }
    }

    static void Measure(
        TextWriter output, string name, SimulatedEngine engine, Workload workload, double rate, long requests,
        ArrivalProcess process = ArrivalProcess.Own, int replicas = 1, int runs = 3)
    {
        var options = new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Limits = [new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Tpot, 95, 50_000_000)],
        };
        var fleet = new Fleet { Serving = engine.Pool(replicas) };
        engine.Run(
            workload, rate, options with { Requests = Math.Min(requests, 200_000) }, process, fleet: fleet);
        double cpuSeconds = double.MaxValue, seconds = double.MaxValue;
        long bytes = 0, steps = 0;
        for (var run = 0; run < runs; run++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var start = Stopwatch.GetTimestamp();
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            steps = engine.Run(workload, rate, options, process, fleet: fleet).Steps;
            cpuSeconds =
                Math.Min(cpuSeconds, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds);
            seconds = Math.Min(seconds, Stopwatch.GetElapsedTime(start).TotalSeconds);
            bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        }
        output.WriteLine(FormattableString.Invariant(
            $"{name,-34} {requests / cpuSeconds,12:#,0} requests per CPU-second  {seconds,6:0.00} s  ")
            + FormattableString.Invariant(
                $"{steps,12:#,0} steps  {bytes / 1e6,8:0.0} MB allocated in all  peak ")
                + FormattableString.Invariant($"{Environment.WorkingSet / 1e6:0} MB"));
    }
}
