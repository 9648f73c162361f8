using System;
using System.IO;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// Steps that take other times than the model says: slower and faster by a fifth in turns, and noise on every
/// one. What the online predictor's error is, and how many gaps stay within the promise with batch work
/// filling every step: <c>-- slack-predictor</c>
/// </summary>
static class SlackPredictor
{
    const long ItlNs = 50_000_000;
    const int Sequences = 128;

    public static void Print(TextWriter output)
    {
        (double, double)[] cases = [(0, 0), (0.2, 0), (0.2, 0.03), (0.2, 0.1), (0.2, 0.2)];
        foreach (var (drift, noise) in cases)
        {
            foreach (var learns in new[] { false, true })
            {
                double error = 0, kept = 0, tokens = 0;
                const int Seeds = 3;
                for (ulong seed = 1; seed <= Seeds; seed++)
                {
                    var (e, k, t) = Run(drift, noise, learns, seed);
                    (error, kept, tokens) = (error + e / Seeds, kept + k / Seeds, tokens + t / Seeds);
                }
                var name = $"drift ±{100 * drift:0} %, noise ±{100 * noise:0} %";
                output.WriteLine(FormattableString.Invariant(
                    $"{name}, {(learns ? "learning" : "given"),-9} error {100 * error,5:0.0} %, in time ")
                    + FormattableString.Invariant($"{100 * kept,6:0.00} %, {tokens,6:0} batch tokens/s; ")
                    // Noise that is drawn evenly errs by half its reach on average, whoever predicts.
                    + FormattableString.Invariant($"noise alone {50 * noise:0.0} %"));
            }
        }
    }

    static (double Error, double Kept, double Tokens) Run(
        double drift, double noise, bool learns, ulong seed)
    {
        var engine = SimulatedEngine.Of(
            new Deployment
            {
                Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
                Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            },
            SchedulingPolicy.InSlack);
        var predictor = new StepPredictor(engine.StepTime, learns, margin: learns ? 0.15 : 0.05);
        var scheduler = new Scheduler(
            engine.Limits with
            {
                MaxNumSeqs = Sequences,
                Levels =
                [
                    new() { Name = "chat", TtftNs = 500_000_000, ItlNs = ItlNs }, ServiceLevelSpec.Batch,
                ],
            },
            predictor);
        return Drive(scheduler, engine, drift, noise, new RandomStream(seed, purpose: 79));
    }

    static (double Error, double Kept, double Tokens) Drive(
        Scheduler scheduler, SimulatedEngine engine, double drift, double noise, RandomStream random)
    {
        var decodes = new RequestId[Sequences];
        var tokens = new int[4096];
        var outcomes = new RequestOutcome[Sequences];
        long nowNs = 0, added = 0, gaps = 0, inTime = 0, batch = 0;
        const int Steps = 20_000;
        const int Warm = 1_000;
        double error = 0, warmNs = 0;
        for (var step = 0; step < Steps; step++)
        {
            if (step == Warm)
                warmNs = nowNs;
            while (scheduler.Requests < Sequences)
            {
                var kind = (int)(added++ % 4);
                scheduler.Add(
                    new RequestSpec
                    {
                        PromptTokens = 200 + random.NextBelow(1500), MaxOutputTokens = 500,
                        Level = kind == 0 ? 0 : 1,
                    }, nowNs);
            }
            var plan = scheduler.Plan(nowNs);
            var slower = 1 + drift * Math.Sin(2 * Math.PI * step / 4000);
            var tookNs = (long)(engine.StepTime.PredictNs(plan.Shape) * slower
                * (1 + noise * (2 * random.NextDouble() - 1)));
            var count = scheduler.ListDecodes(decodes);
            var ends = 0;
            foreach (var request in decodes.AsSpan(0, count))
            {
                if (++tokens[request.Slot] % (60 + (request.Slot & 127)) == 0)
                    outcomes[ends++] = new RequestOutcome { Request = request, Finished = true };
            }
            if (step >= Warm)
            {
                error += Math.Abs(tookNs - plan.PredictedNs!.Value) / (double)plan.PredictedNs.Value;
                // Every interactive decode is in every step, so the step's length is everybody's gap.
                gaps++;
                inTime += tookNs <= ItlNs ? 1 : 0;
                batch += count;
            }
            nowNs += tookNs;
            scheduler.Commit(new StepOutcome(outcomes.AsSpan(0, ends)) { DurationNs = tookNs }, nowNs);
        }
        return (error / (Steps - Warm), (double)inTime / gaps, batch * 1e9 / (nowNs - warmNs));
    }
}
