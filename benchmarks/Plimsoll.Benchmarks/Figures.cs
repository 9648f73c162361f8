using System;
using System.Diagnostics;
using System.IO;
using Plimsoll.Core.Measures;
using Plimsoll.Planning.Simulation;
using Plimsoll.Planning.Workloads;
using Plimsoll.Planning.Workloads.Families;

namespace Plimsoll.Benchmarks;

/// <summary>
/// The speed figures that are promised, each from one run on one thread after one to warm up:
/// <c>dotnet run -c Release --project benchmarks/Plimsoll.Benchmarks -- figures</c>.
/// </summary>
static class Figures
{
    public static void Print(TextWriter output)
    {
        var engine = ChatEngine.Create();
        var chat = WorkloadFamily.Find("chat");
        // First, while the process has no other run's memory: its peak is this run's own.
        Measure(output, "a week of 10 million, 4 replicas", engine, chat, 16.5, 10_000_000, replicas: 4);
        foreach (var rate in new[] { 2.0, 7.0 })
            Measure(output, $"chat at {rate:0} requests/s", engine, chat, rate, 1_000_000);
        Measure(output, "chat, everything at once", engine, chat, 7, 1_000_000, ArrivalProcess.AtOnce);
        var trace = Path.Combine("..", "shared", "data", "traces", "mooncake-synthetic.jsonl.gz");
        if (File.Exists(trace))
        {
            var mooncake = WorkloadChoice.Open(trace);
            Measure(output, "Mooncake synthetic, prefix cache", engine, mooncake, mooncake.RequestsPerSecond, 200_000);
        }
    }

    static void Measure(
        TextWriter output, string name, SimulatedEngine engine, Workload workload, double rate, long requests,
        ArrivalProcess process = ArrivalProcess.Own, int replicas = 1)
    {
        var options = new SimulationOptions
        {
            Requests = requests,
            WarmupRequests = requests / 10,
            Replicas = replicas,
            Limits = [new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Tpot, 95, 50_000_000)],
        };
        engine.Run(workload, rate, options with { Requests = Math.Min(requests, 200_000) }, process);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var start = Stopwatch.GetTimestamp();
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var result = engine.Run(workload, rate, options, process);
        var cpuSeconds = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        output.WriteLine(FormattableString.Invariant(
            $"{name,-34} {requests / cpuSeconds,12:#,0} requests per CPU-second  {seconds,6:0.00} s  ")
            + FormattableString.Invariant(
                $"{result.Steps,12:#,0} steps  {bytes / 1e6,8:0.0} MB allocated in all  peak {Environment.WorkingSet / 1e6:0} MB"));
    }
}
