using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Scheduling;

/// <summary>What a deployment's settings become for the scheduler.</summary>
public sealed class EngineLimitsTests
{
    /// <summary>Each micro-batch in flight has the budget, and a prompt is in one of them.</summary>
    [Theory]
    [InlineData(1, 0, 2048, 0)]
    [InlineData(2, 0, 4096, 2048)]
    [InlineData(4, 512, 8192, 512)]
    [InlineData(4, 9999, 8192, 2048)]
    public void Stages_multiply_a_step_and_not_a_prompts_part_of_it(
        int stages, int threshold, int step, int prompt)
    {
        var limits = EngineLimits.Of(StepTimes(stages, threshold, 256), 1000, SchedulingPolicy.VllmV1);
        limits.MaxNumBatchedTokens.ShouldBe(step);
        limits.LongPrefillTokenThreshold.ShouldBe(prompt);
    }

    [Fact]
    public void A_step_must_hold_every_decode_of_a_policy_that_runs_them_all()
    {
        Should.Throw<BadInputException>(
            () => EngineLimits.Of(StepTimes(1, 0, 4000), 1000, SchedulingPolicy.Fcfs));
        EngineLimits.Of(StepTimes(2, 0, 4000), 1000, SchedulingPolicy.Fcfs).MaxNumSeqs.ShouldBe(4000);
    }

    /// <summary>V0 never did, and nobody finds anything without a cache.</summary>
    [Theory]
    [InlineData("0.15.1", true, true)]
    [InlineData("0.15.1", false, false)]
    [InlineData("0.7.3", true, false)]
    public void The_preempted_find_their_prefix_in_a_release_that_keeps_it_and_with_a_cache(
        string release, bool caching, bool finds)
    {
        var usual = StepTimes(1, 0, 256).Deployment;
        var deployment = usual with
        {
            Engine = usual.Engine with { EngineVersion = release, EnablePrefixCaching = caching },
        };
        EngineLimits.Of(StepTimeCatalogue.ModelOf(deployment), 1000, SchedulingPolicy.VllmV1)
            .FindsPreempted.ShouldBe(finds);
    }

    static StepTimeModel StepTimes(int stages, int threshold, int sequences)
    {
        var model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B");
        return StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = model,
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
            PipelineParallel = stages,
            Weights = model.NativeWeights,
            Engine = new EngineSettings
            {
                MaxNumBatchedTokens = 2048, MaxNumSeqs = sequences, LongPrefillTokenThreshold = threshold,
            },
        });
    }
}
