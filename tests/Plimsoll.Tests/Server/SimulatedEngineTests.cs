using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine;
using Plimsoll.Engine.Simulated;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class SimulatedEngineTests
{
    const long Ms = 1_000_000;

    static readonly StepTimeModel StepTime = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    static readonly SchedulerOptions Limits =
        new() { MaxNumSeqs = 16, MaxNumBatchedTokens = 512, NumBlocks = 4000 };

    readonly FakeTimeProvider _time = new();

    /// <summary>
    /// Far enough apart not to meet, prompts of every length get their first and last tokens when
    /// <c>simulate</c> says: a long one is tokenized longer before a step sees it.
    /// </summary>
    [Fact]
    public async Task A_request_takes_as_long_as_it_does_in_a_simulation()
    {
        StepTime.RequestOverhead.PromptTokenNs.ShouldBeGreaterThan(0, "there is something to get wrong");
        List<Arrival> load = [.. new[] { 1, 100, 5_000, 20_000 }.Select((prompt, i) => new Arrival
        {
            AtNs = i * 10_000 * Ms,
            Session = -1,
            PromptTokens = prompt,
            OutputTokens = 3,
        })];
        var simulated = FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(Limits, StepTime) }, new ListedArrivals(load),
            closedLoop: false, new SimulationOptions { Requests = load.Count }).Latencies;

        await using var engine = Engine();
        var ttft = new LatencyRecorder(0);
        var e2e = new LatencyRecorder(0);
        foreach (var arrival in load)
        {
            Advance(arrival.AtNs - engine.NowNs);
            var answer = engine.Submit(Request(arrival.PromptTokens, arrival.OutputTokens));
            Advance(9_000 * Ms);
            var tokens = Read(answer);
            tokens.Count.ShouldBe(3);
            ttft.Add(tokens[0].TimeNs - arrival.AtNs);
            e2e.Add(tokens[^1].TimeNs - arrival.AtNs);
        }
        ttft.MeanNs.ShouldBe(simulated.Ttft.MeanNs);
        e2e.MeanNs.ShouldBe(simulated.E2e.MeanNs);
    }

    /// <summary>Nothing of it is scheduled.</summary>
    [Fact]
    public async Task A_request_may_be_cancelled_while_its_prompt_is_tokenized()
    {
        await using var engine = Engine();
        var answer = engine.Submit(Request(promptTokens: 20_000, outputTokens: 5));
        Advance(1 * Ms);
        answer.Cancel();
        Advance(1_000 * Ms);
        Read(answer).ShouldHaveSingleItem().Finish.ShouldBe(FinishReason.Cancelled);
        engine.Telemetry.Steps.ShouldBe(0);
        Read(Submitted(engine, promptTokens: 10)).Count.ShouldBe(5, "the engine goes on");
    }

    Answer Submitted(IServingEngine engine, int promptTokens)
    {
        var answer = engine.Submit(Request(promptTokens, outputTokens: 5));
        Advance(1_000 * Ms);
        return answer;
    }

    /// <summary>However they are called: a policy fair between tenants has a place for each.</summary>
    [Fact]
    public async Task Batch_work_of_many_tenants_is_served()
    {
        await using var engine = new Plimsoll.Engine.Simulated.SimulatedEngine(
            new SimulatedOptions
            {
                Model = "small",
                StepTime = StepTime,
                Limits = Limits with
                {
                    Policy = SchedulingPolicy.InSlack,
                    Levels = [ServiceLevelSpec.Default with { Name = "batch", Class = ServiceClass.Batch }],
                },
            },
            _time);
        var answers = Enumerable.Range(0, 12).Select(i => engine.Submit(Request(100, outputTokens: 3) with
        {
            Tenant = $"tenant {i}", Level = "batch", Class = ServiceClass.Batch,
        })).ToList();
        Advance(5_000 * Ms);
        foreach (var answer in answers)
            Read(answer).Count.ShouldBe(3);
    }

    Plimsoll.Engine.Simulated.SimulatedEngine Engine() => new(
        new SimulatedOptions { Model = "small", StepTime = StepTime, Limits = Limits }, _time);

    /// <summary>In steps of a millisecond, as timers fire.</summary>
    void Advance(long ns)
    {
        for (; ns > 0; ns -= Ms)
            _time.Advance(TimeSpan.FromMilliseconds(1));
    }

    static EngineRequest Request(int promptTokens, int outputTokens) => new()
    {
        Prompt = Enumerable.Range(1, promptTokens).ToArray(),
        MaxOutputTokens = outputTokens,
        IgnoreEos = true,
        Tenant = "a",
    };

    static List<AnswerToken> Read(Answer answer)
    {
        var tokens = new List<AnswerToken>();
        while (answer.Tokens.TryRead(out var token))
            tokens.Add(token);
        return tokens;
    }
}
