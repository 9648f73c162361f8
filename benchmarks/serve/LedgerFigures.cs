using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Serve.Figures.Gates;
using Plimsoll.Server.Ledger;

namespace Plimsoll.Serve.Figures;

/// <summary>
/// How far a request's bill is from its Shapley value, summed over the steps it took part in, on traffic that
/// the scheduler serves in simulated time. The split has no fitted number that this traffic could have seen.
/// </summary>
static class LedgerFigures
{
    const int Requests = 400;

    sealed class Sequence
    {
        public required int Prompt { get; init; }

        public required int Output { get; init; }

        public required long Number { get; init; }

        public int Given { get; set; }
    }

    public static void Print(TextWriter output, int seeds)
    {
        output.WriteLine("median error per request against per-step Shapley, Llama-3.1-8B on h100_sxm");
        var fleet = TwinFigures.Fleet("h100_sxm", 256, 2048);
        foreach (var (name, rate) in new[] { ("light, 2 requests/s", 2.0), ("heavy, 20 requests/s", 20.0) })
        {
            for (var seed = 1; seed <= seeds; seed++)
            {
                var found = Run(fleet, rate, seed);
                output.WriteLine(FormattableString.Invariant(
                    $"  {name,-22} seed {seed}: {found.MedianError,6:0.0 %} median, ")
                    + FormattableString.Invariant($"{found.P95Error,6:0.0 %} p95, ")
                    + FormattableString.Invariant($"{found.Requests} requests, {found.Steps:#,0} steps"));
            }
        }
    }

    static AuditResult Run(FleetOptions fleet, double rate, int seed)
    {
        var random = new Random(seed);
        var scheduler = new Scheduler(fleet.Limits with { PrefixBlockTokens = 0 });
        var audit = new ShapleyAudit(fleet.StepTime, orders: 16, (ulong)seed);
        var running = new Dictionary<RequestId, Sequence>();
        var outcomes = new List<RequestOutcome>();
        var decodes = new RequestId[fleet.Limits.MaxNumSeqs];
        double nowNs = 0, nextNs = 0;
        for (var number = 0; number < Requests || running.Count > 0;)
        {
            while (number < Requests && nextNs <= nowNs)
            {
                Add(scheduler, running, random, ++number, (long)nowNs);
                nextNs += -Math.Log(1 - random.NextDouble()) / rate * 1e9;
            }
            var plan = scheduler.Plan((long)nowNs);
            if (plan.IsEmpty)
            {
                nowNs = Math.Max(nowNs, nextNs);
                continue;
            }
            var count = scheduler.ListDecodes(decodes);
            Audit(audit, fleet.StepTime, plan, decodes.AsSpan(0, count), running);
            nowNs += fleet.StepTime.PredictNs(plan.Shape);
            outcomes.Clear();
            foreach (var id in decodes.AsSpan(0, count))
                Give(running, outcomes, id);
            foreach (ref readonly var chunk in plan.Chunks)
            {
                if (chunk.EndsPrompt)
                    Give(running, outcomes, chunk.Request);
            }
            scheduler.Commit(new StepOutcome(CollectionsMarshal.AsSpan(outcomes)), (long)nowNs);
        }
        return audit.Result();
    }

    static void Add(
        Scheduler scheduler, Dictionary<RequestId, Sequence> running, Random random, int number, long nowNs)
    {
        var sequence = new Sequence
        {
            Prompt = Length(random, 500),
            Output = Length(random, 150),
            Number = number,
        };
        var verdict = scheduler.Add(
            new RequestSpec { PromptTokens = sequence.Prompt, MaxOutputTokens = sequence.Output }, nowNs);
        running.Add(verdict.Request, sequence);
    }

    static int Length(Random random, double median)
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()))
            * Math.Cos(2 * Math.PI * random.NextDouble());
        return (int)Math.Clamp(median * Math.Exp(0.8 * normal), 2, 8 * median);
    }

    static void Audit(
        ShapleyAudit audit, StepTimeModel stepTime, StepPlan plan, ReadOnlySpan<RequestId> decodes,
        Dictionary<RequestId, Sequence> running)
    {
        var works = new List<StepWork>();
        var numbers = new List<long>();
        foreach (var id in decodes)
        {
            var sequence = running[id];
            works.Add(new StepWork(0, 1, sequence.Prompt + sequence.Given));
            numbers.Add(sequence.Number);
        }
        foreach (ref readonly var chunk in plan.Chunks)
        {
            works.Add(new StepWork(chunk.Tokens, 0, chunk.Start + chunk.Tokens));
            numbers.Add(running[chunk.Request].Number);
        }
        audit.Add(stepTime.Split(plan.Shape), CollectionsMarshal.AsSpan(works),
            CollectionsMarshal.AsSpan(numbers));
    }

    static void Give(Dictionary<RequestId, Sequence> running, List<RequestOutcome> outcomes, RequestId id)
    {
        if (++running[id].Given < running[id].Output)
            return;
        outcomes.Add(new RequestOutcome { Request = id, Finished = true });
        running.Remove(id);
    }
}
