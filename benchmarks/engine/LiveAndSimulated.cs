using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Timing;

namespace Plimsoll.EngineFigures;

/// <summary>
/// One load, live and simulated: the machine is calibrated, the engine serves, and the same scheduler is told
/// the same arrivals and lengths while the calibrated step times let the time pass.
/// </summary>
static class LiveAndSimulated
{
    const int BatchInFlight = 8;

    readonly record struct Job(long ArrivedNs, int Prompt, int Output, bool IsBatch);

    sealed record Figures(List<double> Ttft, List<double> Itl, double TokensPerSecond);

    public static async Task PrintAsync(TextWriter output, string path, int requests, Computing computing)
    {
        var options = computing.On(Options(path));
        var (steps, medianError) = await MachineCalibration.FitAsync(
            options, TimeSpan.FromSeconds(15), TimeProvider.System);
        output.WriteLine($"{path}{computing}: median error of the steps that were not fitted to "
            + $"{100 * medianError:0.0} %");
        var (live, jobs, error) = await LiveAsync(options, steps, requests);
        var simulated = Simulated(options.Limits, steps, jobs);
        output.WriteLine($"predictor error over the live steps: mean {100 * error:0.0} %");
        output.WriteLine($"{"",-22}{"live",10}{"simulated",11}{"ratio",8}");
        Row("TTFT p50, ms", At(live.Ttft, 0.5), At(simulated.Ttft, 0.5));
        Row("TTFT p95, ms", At(live.Ttft, 0.95), At(simulated.Ttft, 0.95));
        Row("ITL p50, ms", At(live.Itl, 0.5), At(simulated.Itl, 0.5));
        Row("ITL p95, ms", At(live.Itl, 0.95), At(simulated.Itl, 0.95));
        Row("output tokens/s", live.TokensPerSecond, simulated.TokensPerSecond);

        void Row(string name, double real, double predicted) => output.WriteLine(
            $"{name,-22}{real,10:0.00}{predicted,11:0.00}{predicted / real,8:0.00}");
    }

    /// <summary>Interactive requests as a Poisson process over closed-loop batch work.</summary>
    static async Task<(Figures Figures, List<Job> Jobs, double Error)> LiveAsync(
        LlamaOptions options, MeasuredStepsSpec steps, int requests)
    {
        await using var engine = new LlamaEngine(options, TimeProvider.System);
        var (errors, gate) = (new List<double>(), new System.Threading.Lock());
        engine.OnStep = (in EngineStep step) => errors.Add(Math.Abs(
            (StepFit.PredictNs(steps, step.Shape) / step.DurationNs) - 1));
        var (figures, jobs) = (new Figures([], [], 0), new List<Job>());
        var random = new Random(1);
        var lone = new StepShape();
        lone.AddChunk(0, 128, endsPrompt: true);
        // A third of the machine for interactive prompts.
        var meanMs = 3 * StepFit.PredictNs(steps, lone) / 1e6;
        var (startNs, done) = (engine.Telemetry.NowNs, false);
        var batch = Enumerable.Range(0, BatchInFlight).Select(_ => Task.Run(async () =>
        {
            while (!System.Threading.Volatile.Read(ref done))
                await OneAsync(128, 48, isBatch: true);
        })).ToList();
        var interactive = new List<Task>();
        for (var i = 0; i < requests; i++)
        {
            interactive.Add(OneAsync(random.Next(48, 257), 16, isBatch: false));
            await Task.Delay(TimeSpan.FromMilliseconds(-Math.Log(1 - random.NextDouble()) * meanMs));
        }
        await Task.WhenAll(interactive);
        System.Threading.Volatile.Write(ref done, true);
        await Task.WhenAll(batch);
        var seconds = (engine.Telemetry.NowNs - startNs) / 1e9;
        jobs.Sort((a, b) => a.ArrivedNs.CompareTo(b.ArrivedNs));
        figures = figures with { TokensPerSecond = jobs.Sum(job => job.Output) / seconds };
        return (figures, jobs, errors.Average());

        async Task OneAsync(int prompt, int tokens, bool isBatch)
        {
            var answer = engine.Submit(new EngineRequest
            {
                Prompt = Enumerable.Range(0, prompt).Select(_ => Random.Shared.Next(250)).ToArray(),
                MaxOutputTokens = tokens,
                IgnoreEos = true,
                Sampling = new SamplingOptions { Temperature = 0 },
                Tenant = "t",
                Level = isBatch ? "batch" : "interactive",
                Class = isBatch ? ServiceClass.Batch : ServiceClass.Interactive,
            });
            var times = new List<long>();
            await foreach (var token in answer.Tokens.ReadAllAsync())
                times.Add(token.TimeNs);
            lock (gate)
            {
                jobs.Add(new Job(answer.SubmittedNs, prompt, times.Count, isBatch));
                if (!isBatch)
                    Keep(figures, answer.SubmittedNs, times);
            }
        }
    }

    static Figures Simulated(SchedulerOptions limits, MeasuredStepsSpec steps, List<Job> jobs)
    {
        var scheduler = new Scheduler(limits, new StepPredictor(
            StepTimes.From(steps).Frozen(), learns: true));
        var running = new Dictionary<RequestId, (Job Job, List<long> Times)>();
        var figures = new Figures([], [], 0);
        var (nowNs, next) = (jobs[0].ArrivedNs, 0);
        var decodes = new RequestId[limits.MaxNumSeqs];
        while (next < jobs.Count || running.Count > 0)
        {
            for (; next < jobs.Count && jobs[next].ArrivedNs <= nowNs; next++)
            {
                var job = jobs[next];
                var verdict = scheduler.Add(new RequestSpec
                {
                    PromptTokens = job.Prompt, MaxOutputTokens = job.Output, ArrivalNs = job.ArrivedNs,
                    Level = job.IsBatch ? 1 : 0,
                }, nowNs);
                running[verdict.Request] = (job, []);
            }
            var plan = scheduler.Plan(nowNs);
            if (plan.IsEmpty)
            {
                nowNs = jobs[next].ArrivedNs;
                continue;
            }
            var durationNs = (long)StepFit.PredictNs(steps, plan.Shape);
            nowNs += durationNs;
            var count = scheduler.ListDecodes(decodes);
            var ended = new List<RequestOutcome>();
            foreach (var request in decodes.AsSpan(0, count))
                Take(request);
            foreach (ref readonly var chunk in plan.Chunks)
            {
                if (chunk.EndsPrompt)
                    Take(chunk.Request);
            }
            scheduler.Commit(new StepOutcome(ended.ToArray()) { DurationNs = durationNs }, nowNs);

            void Take(RequestId request)
            {
                var (job, times) = running[request];
                times.Add(nowNs);
                if (times.Count < job.Output)
                    return;
                ended.Add(new RequestOutcome { Request = request, Finished = true });
                running.Remove(request);
                if (!job.IsBatch)
                    Keep(figures, job.ArrivedNs, times);
            }
        }
        var seconds = (nowNs - jobs[0].ArrivedNs) / 1e9;
        return figures with { TokensPerSecond = jobs.Sum(job => job.Output) / seconds };
    }

    static void Keep(Figures figures, long arrivedNs, List<long> times)
    {
        figures.Ttft.Add((times[0] - arrivedNs) / 1e6);
        for (var i = 1; i < times.Count; i++)
            figures.Itl.Add((times[i] - times[i - 1]) / 1e6);
    }

    static double At(List<double> values, double share)
    {
        values.Sort();
        return values.Count == 0 ? double.NaN : values[(int)(share * (values.Count - 1))];
    }

    static LlamaOptions Options(string path) => new()
    {
        Model = "m",
        Path = path,
        CalibrationBudget = TimeSpan.Zero,
        Limits = new SchedulerOptions
        {
            Policy = SchedulingPolicy.VllmV1,
            Levels = [ServiceLevelSpec.Default with { Name = "interactive" }, ServiceLevelSpec.Batch],
            MaxNumSeqs = 32,
            MaxNumBatchedTokens = 256,
            NumBlocks = 1024,
        },
    };
}
