using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Simulated;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Server.Twins;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server.Twins;

/// <summary>A twin beside a simulated engine, and a twin that is told nonsense.</summary>
public sealed class TwinReplicaLaws
{
    static readonly StepTimeModel _stepTime = StepTimeCatalogue.ModelOf(new Deployment
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
        Engine = new EngineSettings { MaxNumSeqs = 64, MaxNumBatchedTokens = 1024 },
    });

    static readonly SchedulerOptions _limits =
        EngineLimits.Of(_stepTime, 20_000, SchedulingPolicy.VllmV1) with
        {
            PrefixBlockTokens = 16,
        };

    static readonly TwinOptions _options = new()
    {
        Limits = _limits,
        StepTime = _stepTime,
        ReturnNs = 0,
        LearnsReturn = false,
    };

    /// <summary>Whoever is told of every token at once decides what the engine decides.</summary>
    [Fact]
    public void A_twin_that_hears_everything_at_once_makes_the_engines_plans() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 40], Gen.Int[1, 80]).Sample((seed, requests, gapMs) =>
        {
            var run = new Beside(seed, requests, gapMs, noise: 0);
            run.Run();
            run.Twin.Steps.ShouldBeInRange(run.Rank.Steps, run.Rank.Steps);
            run.Twin.Running.ShouldBe(0);
            run.Twin.Waiting.ShouldBe(0);
            run.Twin.KvUsage.ShouldBe(0.0);
            run.Twin.Ratio.ShouldBe(1.0, 1e-6);
        }, iter: 60);

    /// <summary>A request to an idle engine gives its first token when the twin said it would.</summary>
    [Fact]
    public void A_first_token_of_an_idle_engine_is_predicted_to_the_nanosecond() =>
        Gen.Int[1, 8000].Sample(prompt =>
        {
            var twin = new TwinReplica(_options);
            var predicted = twin.PredictTtftNs(prompt, 0);
            long observed = 0;
            var rank = new SimulatedRank(_limits, _stepTime, (_, _, atNs, _) => observed = atNs);
            rank.Add(new SimulatedSequence { PromptTokens = prompt, OutputTokens = 1 },
                new RequestSpec { PromptTokens = prompt, MaxOutputTokens = 1 }, 0);
            rank.RunUntil(long.MaxValue - 1);
            predicted.ShouldBeInRange(observed - 1, observed + 1);
        }, iter: 50);

    /// <summary>Steps that take longer than predicted are noticed.</summary>
    [Fact]
    public void The_ratio_finds_what_steps_really_take()
    {
        var run = new Beside(7, 200, 20, noise: 0, bias: 1.25);
        run.Run();
        run.LastRatio.ShouldBe(1.25, 0.03);
    }

    /// <summary>
    /// An answer whose every gap is late, from an engine that seems slower than the promise allows: nothing
    /// goes beside such, and lines go on when nobody has come for a while.
    /// </summary>
    [Theory]
    [InlineData(40, 100)]
    [InlineData(5, 1000)]
    public void What_went_wrong_holds_up_no_line_when_nobody_is_there(int tokens, int gapMs)
    {
        var twin = new TwinReplica(_options);
        long nowNs = 0;
        var request = twin.Send(500, tokens, default, isBatch: false, nowNs).ShouldNotBeNull();
        for (var token = 1; token <= tokens; token++)
            twin.Hear(request, 1, token == tokens, nowNs += gapMs * 1_000_000L);
        twin.Judge(2000, 0, 100, nowNs).IsNothing.ShouldBeTrue();
        nowNs += 60_000_000_000;
        var release = twin.Judge(2000, 0, 100, nowNs);
        release.IsNothing.ShouldBeFalse();
        twin.Send(release.PromptTokens, 1, default, isBatch: true, nowNs);
        twin.Send(500, 40, default, isBatch: false, nowNs);
        twin.Judge(2000, 0, 100, nowNs).IsNothing.ShouldBeTrue("somebody is there again");
    }

    /// <summary>
    /// Whoever had every gap in time has lateness to spend: on what may go wrong, and on no step that is too
    /// long for certain where a piece of the prompt would fit.
    /// </summary>
    [Fact]
    public void A_prompt_that_can_be_cut_makes_no_step_that_is_late_for_certain()
    {
        const long Gap = 15_000_000;
        var twin = new TwinReplica(_options with { ItlNs = Gap });
        long nowNs = 0;
        var request = twin.Send(100, 1000, default, isBatch: false, nowNs).ShouldNotBeNull();
        for (var token = 0; token < 600; token++)
            twin.Hear(request, 1, last: false, nowNs += 8_000_000);
        var release = twin.Judge(2000, 0, 100, nowNs);
        release.IsNothing.ShouldBeFalse();
        var step = new StepShape();
        step.AddDecodes(2, 2 * 700);
        step.AddChunk(0, release.PromptTokens, endsPrompt: true);
        (_stepTime.PredictNs(step) * twin.Ratio).ShouldBeLessThanOrEqualTo(Gap);
    }

    /// <summary>
    /// Notices that are late, lost, doubled or about the dead, in any order: nothing is thrown, and when all
    /// requests are over nobody is left.
    /// </summary>
    [Fact]
    public void Whatever_is_heard_nobody_is_left_in_the_end() =>
        Gen.Select(Gen.ULong, Gen.Int[1, 60]).Sample((seed, events) =>
        {
            var random = new RandomStream(seed);
            var twin = new TwinReplica(_options with
            {
                ReturnNs = random.NextBelow(20_000_000),
                LearnsReturn = true,
            });
            var sent = new List<TwinRequest>();
            long nowNs = 0;
            for (var i = 0; i < events; i++)
            {
                nowNs += random.NextBelow(40_000_000);
                Disturb(ref random, twin, sent, nowNs);
            }
            foreach (var request in sent)
                twin.Drop(request, nowNs += 1000);
            twin.Advance(nowNs + 60_000_000_000);
            for (var i = 0; i < 40; i++)
                twin.Advance(nowNs += 60_000_000_000);
            twin.Running.ShouldBe(0);
            twin.Waiting.ShouldBe(0);
            twin.KvUsage.ShouldBe(0.0);
            twin.Batch.ShouldBeEmpty();
        }, iter: 300);

    static void Disturb(ref RandomStream random, TwinReplica twin, List<TwinRequest> sent, long nowNs)
    {
        var someone = sent.Count == 0 ? null : sent[random.NextBelow(sent.Count)];
        switch (random.NextBelow(8))
        {
            case 0 or 1 or 2:
                var prompt = 1 + random.NextBelow(3000);
                var keys = new ulong[prompt / 16];
                for (var i = 0; i < keys.Length; i++)
                    keys[i] = random.NextBits();
                var isBatch = random.NextBelow(2) == 0;
                if (twin.Send(prompt, 1 + random.NextBelow(200), keys, isBatch, nowNs) is { } request)
                    sent.Add(request);
                break;
            case 3 or 4 when someone is not null:
                twin.Hear(someone, 1 + random.NextBelow(3), random.NextBelow(4) == 0, nowNs);
                break;
            case 5 when someone is not null:
                twin.Drop(someone, nowNs);
                break;
            case 6:
                var paused = twin.Pause(nowNs);
                paused.Count.ShouldBeLessThanOrEqualTo(8);
                // What has been answered would be computed again.
                paused.ShouldAllBe(line => line.Heard == 0);
                break;
            default:
                var total = 1 + random.NextBelow(3000);
                var before = random.NextBelow(total);
                var release = twin.Judge(total, before, 100, nowNs);
                if (!release.IsNothing)
                    release.PromptTokens.ShouldBeInRange(before + 1, total);
                twin.Observe(random.NextBelow(100), random.NextBelow(10));
                break;
        }
    }

    /// <summary>An engine and its twin, told of every step the moment it ends.</summary>
    sealed class Beside
    {
        readonly List<(SimulatedSequence Sequence, bool Last)> _ended = [];
        readonly Dictionary<SimulatedSequence, TwinRequest> _sent = [];
        readonly int _requests;
        readonly int _gapMs;
        RandomStream _random;

        public Beside(ulong seed, int requests, int gapMs, double noise, double bias = 1)
        {
            (_requests, _gapMs, _random) = (requests, gapMs, new RandomStream(seed));
            Twin = new TwinReplica(_options);
            Rank = new SimulatedRank(
                _limits, _stepTime, (sequence, _, _, last) => _ended.Add((sequence, last)),
                perturb: ns => (long)(ns * bias));
        }

        public TwinReplica Twin { get; }

        public SimulatedRank Rank { get; }

        public double LastRatio { get; private set; }

        public void Run()
        {
            long nowNs = 1000;
            for (var i = 0; i < _requests; i++)
            {
                Steps(nowNs);
                var prompt = 1 + _random.NextBelow(2500);
                var output = 1 + _random.NextBelow(60);
                var sequence = new SimulatedSequence { PromptTokens = prompt, OutputTokens = output };
                Rank.Add(sequence, new RequestSpec { PromptTokens = prompt, MaxOutputTokens = 400 }, nowNs);
                _sent[sequence] = Twin.Send(prompt, 400, default, isBatch: false, nowNs)!;
                nowNs += 1 + (long)(_random.NextExponential() * _gapMs * 1e6);
            }
            Steps(long.MaxValue - 1);
        }

        void Steps(long untilNs)
        {
            while (Rank.NextStepEndsNs <= untilNs)
            {
                var endNs = Rank.NextStepEndsNs;
                _ended.Clear();
                Rank.RunUntil(endNs);
                foreach (var (sequence, last) in _ended)
                    Twin.Hear(_sent[sequence], 1, last, endNs);
                Twin.Advance(endNs);
                LastRatio = Twin.Ratio;
            }
        }
    }
}
