using System;
using System.IO;
using System.Linq;

namespace Plimsoll.Plan.Figures;

/// <summary>A thousand deployments on a trace of ten thousand requests with its own arrivals.</summary>
static class ThousandFigure
{
    const string Space = " --tier kernels --weights native,fp8 --kv bf16,fp8 --max-num-seqs 256,1024"
        + " --max-num-batched-tokens 2048,8192 --policy vllm-v1,slack --json";

    public static int Run(string trace)
    {
        if (!File.Exists(trace))
        {
            Console.WriteLine($"{trace}: not there; the figure wants a trace of about 10,000 requests");
            return 0;
        }
        var run = Verb.Run($"plan --workload {trace}{Space}");
        var plan = run.Json;
        var best = plan["best"]![0]!;
        var simulated = (long)plan["statement"]!["simulatedRequests"]!;
        Console.WriteLine(FormattableString.Invariant(
            $"{(int)plan["statement"]!["candidates"]!:N0} deployments, a trace of ")
            + FormattableString.Invariant($"{File.ReadLines(trace).Count() - 1:N0} requests: ")
            + FormattableString.Invariant($"{run.Seconds:0.0} s, {run.CpuSeconds:0.0} s of processor, ")
            + FormattableString.Invariant($"{run.PeakMb:0} MB, {simulated:N0} requests simulated ")
            + "(promised 60 s on two cores, 1 GB)");
        Console.WriteLine(FormattableString.Invariant(
            $"best: {best["deployment"]}, ${(double)best["bill"]!["usdPerHour"]!:0.00} an hour"));
        return run.CpuSeconds <= 120 && run.PeakMb <= 1000 ? 0 : 1;
    }
}
