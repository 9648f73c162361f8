using System;
using System.Diagnostics;
using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Benchmarks;

/// <summary>
/// What one plan of <c>slack</c> and its commit cost in steady state: so many sequences in two levels and
/// four adapters, each answer ends after its own length, another request takes its place and its prompt is
/// computed. <c>-- slack-step</c>
/// </summary>
static class SlackStep
{
    public static void Print(TextWriter output)
    {
        foreach (var mixes in new[] { true, false })
        {
            foreach (var learns in new[] { false, true })
            {
                foreach (var sequences in new[] { 32, 256 })
                    Print(output, sequences, mixes, learns);
            }
        }
    }

    static void Print(TextWriter output, int sequences, bool mixes, bool learns)
    {
        var load = new Load(sequences, mixes, learns);
        load.Run(20_000);
        var bestNs = double.MaxValue;
        var bytes = long.MaxValue;
        const int Steps = 2_000;
        // The best of many short runs: whatever else a machine does only adds time, and it does much.
        for (var run = 0; run < 100; run++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            load.Run(Steps);
            bytes = Math.Min(bytes, GC.GetAllocatedBytesForCurrentThread() - before);
            bestNs = Math.Min(bestNs, load.PlanNs / Steps);
        }
        output.WriteLine(FormattableString.Invariant(
            $"{sequences,4} sequences, 2 levels, 4 adapters {(mixes ? "mixed" : "in turns"),-9} ")
            + FormattableString.Invariant($"{(learns ? "learning" : "given"),-9} {bestNs,7:#,0} ns planned, ")
            + FormattableString.Invariant(
                $"{(double)bytes / Steps:0.##} bytes a step; {load.MeanChunks:0.00} chunks, ")
            + FormattableString.Invariant($"{load.MeanMoves:0.00} parked or resumed a step"));
    }

    sealed class Load
    {
        readonly Scheduler _scheduler;
        readonly RequestOutcome[] _outcomes = new RequestOutcome[512];
        readonly RequestId[] _decodes = new RequestId[512];
        readonly int[] _tokens = new int[4096];
        readonly int _sequences;
        long _added;
        long _nowNs;
        long _chunks;
        long _moves;
        long _steps;

        public Load(int sequences, bool mixes, bool learns)
        {
            _sequences = sequences;
            var engine = SimulatedEngine.Of(
                new Deployment
                {
                    Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
                    Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
                },
                SchedulingPolicy.InSlack);
            _scheduler = new Scheduler(
                engine.Limits with
                {
                    MaxNumSeqs = sequences,
                    Levels =
                    [
                        new() { Name = "chat", TtftNs = 500_000_000, ItlNs = 50_000_000 },
                        ServiceLevelSpec.Batch,
                    ],
                    Policy = SchedulingPolicy.InSlack with
                    {
                        Slack = new SlackOptions { MixesAdapters = mixes },
                    },
                },
                new StepPredictor(engine.StepTime, learns));
        }

        public double PlanNs { get; private set; }

        public double MeanChunks => (double)_chunks / _steps;

        public double MeanMoves => (double)_moves / _steps;

        public void Run(int steps)
        {
            PlanNs = 0;
            for (var step = 0; step < steps; step++)
            {
                while (_scheduler.Requests < _sequences)
                    Add();
                var start = Stopwatch.GetTimestamp();
                var plan = _scheduler.Plan(_nowNs);
                var ticks = Stopwatch.GetTimestamp() - start;
                _chunks += plan.Chunks.Length;
                _moves += plan.Parked.Length + plan.Resumed.Length;
                _steps++;
                var ends = 0;
                var decodes = _scheduler.ListDecodes(_decodes);
                foreach (var request in _decodes.AsSpan(0, decodes))
                {
                    if (++_tokens[request.Slot] % (150 + (request.Slot & 127)) == 0)
                        _outcomes[ends++] = new RequestOutcome { Request = request, Finished = true };
                }
                var tookNs = plan.PredictedNs ?? 1000;
                _nowNs += tookNs;
                start = Stopwatch.GetTimestamp();
                _scheduler.Commit(
                    new StepOutcome(_outcomes.AsSpan(0, ends)) { DurationNs = tookNs }, _nowNs);
                PlanNs += (ticks + Stopwatch.GetTimestamp() - start) * 1e9 / Stopwatch.Frequency;
            }
        }

        void Add()
        {
            var kind = (int)(_added++ & 7);
            _scheduler.Add(
                new RequestSpec
                {
                    PromptTokens = 300 + 40 * kind,
                    MaxOutputTokens = 500,
                    Level = kind & 1,
                    Adapter = kind >> 1,
                },
                _nowNs);
        }
    }
}
