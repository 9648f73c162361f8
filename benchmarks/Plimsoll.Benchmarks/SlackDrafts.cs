using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// Drafts chosen step by step against every fixed number of them, over engines from one sequence at a time to
/// 256: output tokens per second of chat requests that are all there from the start. <c>-- slack-drafts</c>
/// Acceptances are assumed, as light heads are reported to have them; drafting costs a layer and the LM head.
/// </summary>
static class SlackDrafts
{
    const int Most = 6;

    static readonly int[] Sequences = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    public static void Print(TextWriter output)
    {
        Print(output, "Llama-3.1-8B", 1, "predictable text", [0.9, 0.88, 0.86, 0.84], 250_000, 1_000);
        Print(output, "Llama-3.1-8B", 1, "chat", [0.72, 0.6, 0.5, 0.45], 250_000, 1_000);
        Print(output, "Llama-3.3-70B", 4, "chat", [0.72, 0.6, 0.5, 0.45], 500_000, 2_000);
    }

    static void Print(
        TextWriter output, string model, int tp, string text, double[] acceptance, double tokenNs,
        double sequenceNs)
    {
        output.WriteLine($"{model} on {tp} h100_sxm, {text}: output tokens/s");
        var fixedNumbers = Enumerable.Range(0, Most + 1).Select(k => $"    k={k} ");
        output.WriteLine($"sequences   {string.Join("", fixedNumbers)}adaptive   ÷ best fixed");
        var sums = new double[Most + 2];
        var least = double.MaxValue;
        foreach (var sequences in Sequences)
        {
            var rates = new double[Most + 2];
            Parallel.For(0, rates.Length, k => rates[k] = Run(
                model, tp, sequences,
                k <= Most ? new DraftSpec(k, acceptance, tokenNs, sequenceNs, MinTokens: k)
                    : new DraftSpec(Most, acceptance, tokenNs, sequenceNs)));
            var ratio = rates[^1] / rates[..^1].Max();
            least = Math.Min(least, ratio);
            for (var k = 0; k < rates.Length; k++)
                sums[k] += Math.Log(rates[k] / rates[..^1].Max());
            output.WriteLine(FormattableString.Invariant($"{sequences,9}   ")
                + string.Join("", rates.Select(r => FormattableString.Invariant($"{r,8:0}")))
                + FormattableString.Invariant($"   {ratio:0.000}"));
        }
        var best = Enumerable.Range(0, Most + 1).MaxBy(k => sums[k]);
        output.WriteLine(FormattableString.Invariant(
            $"  least {least:0.000}; over the sweep ")
            + FormattableString.Invariant(
                $"{Math.Exp((sums[^1] - sums[best]) / Sequences.Length):0.000} times the best single k, ")
            + $"{best}");
    }

    static double Run(string model, int tp, int sequences, DraftSpec drafts)
    {
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel(model),
                Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
                TensorParallel = tp,
                Engine = new EngineSettings { MaxNumBatchedTokens = 8192, MaxNumSeqs = sequences },
            },
            SchedulingPolicy.InSlack with { Slack = new SlackOptions { Drafts = drafts } });
        var runs = new List<double>();
        for (ulong seed = 1; seed <= 3; seed++)
        {
            runs.Add(engine.Run(
                WorkloadFamily.Find("chat"), 1,
                new SimulationOptions { Requests = Math.Max(150, 6 * sequences), Seed = seed },
                ArrivalProcess.AtOnce).OutputTokensPerSecond);
        }
        return runs.Average();
    }
}
