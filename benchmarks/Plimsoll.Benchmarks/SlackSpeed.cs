using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// Requests of both classes that one core simulates in a second under <c>slack</c>: <c>-- slack-speed</c>.
/// The best of five runs after one to warm up, since whatever else a machine does only adds time.
/// </summary>
static class SlackSpeed
{
    public static void Print(TextWriter output)
    {
        foreach (var batch in new[] { "summarisation", "chat", "code-completion" })
        {
            Print(output, "Llama-3.1-8B", "h100_sxm", 1, 12, batch);
            Print(output, "Llama-3.1-8B", "a100_sxm", 1, 4, batch);
            Print(output, "Llama-3.3-70B", "h100_sxm", 4, 3, batch);
        }
    }

    static void Print(TextWriter output, string model, string card, int tp, double rate, string batch)
    {
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel(model),
                Accelerator = Catalogue.BuiltIn.FindAccelerator(card),
                TensorParallel = tp,
                Engine = new EngineSettings { MaxNumBatchedTokens = 8192, MaxNumSeqs = 256 },
            },
            SchedulingPolicy.InSlack);
        var chat = WorkloadFamily.Find("chat");
        SimulationResult Run(ulong seed) => engine.Run(chat, rate, new SimulationOptions
        {
            Requests = 20_000,
            WarmupRequests = 2_000,
            Seed = seed,
            Limits = [new Limit(Metric.Ttft, 95, 500_000_000), new Limit(Metric.Itl, 99, 50_000_000)],
            BatchWorkload = WorkloadFamily.Find(batch),
            BatchGate = new BatchGateOptions { Lines = 1024 },
        });
        Run(1);
        var best = 0.0;
        SimulationResult run = null!;
        foreach (var seed in Enumerable.Range(1, 5))
        {
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            run = Run((ulong)seed);
            var seconds = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds;
            best = Math.Max(best, (run.Completed + run.Batch!.Lines) / seconds);
        }
        var requests = (double)(run.Completed + run.Batch!.Lines);
        output.WriteLine(FormattableString.Invariant(
            $"{model,-14} {card} × {tp}, chat at {rate,2}/s, batch {batch,-16} {best,9:#,0} requests per ")
            + FormattableString.Invariant(
                $"CPU-second, {run.Steps / requests:0.00} steps each, ")
            + FormattableString.Invariant($"{1e9 / best / run.Steps * requests:#,0} ns a step"));
    }
}
