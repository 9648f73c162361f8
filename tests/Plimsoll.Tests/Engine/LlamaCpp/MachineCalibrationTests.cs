using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Timing;
using Plimsoll.Inputs.Profiles;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>This machine timed by the engine itself, written, read, and asked like any deployment.</summary>
public sealed class MachineCalibrationTests
{
    static readonly Lazy<Task<MachineProfile>> _timed = new(() => MachineCalibration.MeasureAsync(
        TestModel.Options(TestModel.Limits with { MaxNumSeqs = 4 }), TimeSpan.FromSeconds(0.5),
        TimeProvider.System));

    [Fact]
    public async Task A_machine_is_timed_and_its_profile_reads_back()
    {
        var profile = await _timed.Value;
        profile.Steps.Fault().ShouldBeNull();
        profile.Steps.Tokens[^1].ShouldBeGreaterThanOrEqualTo(64, "prompts were timed");
        profile.FittedSteps.ShouldBeGreaterThan(20);
        profile.HeldOutSteps.ShouldBeGreaterThan(20);
        profile.Model.Sha256.Length.ShouldBe(64);
        profile.Model.Layers.ShouldBe(TestModel.Shape.Layers);
        profile.Machine.PeakTflops.ShouldBeInRange(1e-4, 100);
        profile.Machine.MemoryGbPerSecond.ShouldBeInRange(0.05, 5000);

        var text = MachineProfileFile.Write(profile);
        MachineProfileFile.Is(text).ShouldBeTrue();
        MachineProfileFile.Write(MachineProfileFile.Parse("p.json", text)).ShouldBe(text);
    }

    [Theory]
    [InlineData(2.7, null)]
    [InlineData(20, null)]
    [InlineData(63.2, "63 % wrong")]
    public void What_a_busy_machine_gave_is_not_to_be_relied_on(double medianError, string? warning)
    {
        if (warning is null)
            MachineCalibration.WarningOf(medianError).ShouldBeNull();
        else
            MachineCalibration.WarningOf(medianError)!.ShouldContain(warning);
    }

    [Fact]
    public async Task Its_step_times_are_the_timed_ones_for_its_own_deployment_only()
    {
        var profile = await _timed.Value;
        var times = new MachineStepTimes("p.json", profile);
        var own = times.DeploymentOf(settings => settings);
        var model = times.ModelOf(own, contextTokens: null);
        model.Tier.ShouldBe(Tier.Fitted);
        model.RequestOverhead.Ns(0).ShouldBe(profile.Engine.RequestNs);
        var shape = new StepShape();
        shape.AddChunk(0, 32, endsPrompt: true);
        var expected = StepFit.PredictNs(profile.Steps, shape);
        ((double)model.PredictNs(shape)).ShouldBe(expected, 2 + (0.003 * expected));

        times.ModelOf(own with { Engine = own.Engine with { MaxNumSeqs = 400 } }, contextTokens: null)
            .ErrorHigh.ShouldBeGreaterThan(model.ErrorHigh, "beyond what was timed the interval is wider");
        Should.Throw<BadInputException>(() => times.ModelOf(own with { TensorParallel = 2 }, null))
            .Message.ShouldStartWith("p.json: is a profile of");
    }

    [Fact]
    public async Task A_damaged_profile_is_one_clear_line()
    {
        var text = MachineProfileFile.Write(await _timed.Value);
        foreach (var (from, to, says) in new[]
        {
            ("\"layers\"", "\"lairs\"", "malformed profile"),
            ("\"maxNumSeqs\": 4", "\"maxNumSeqs\": 0", "maxNumSeqs is 0"),
            ("\"tokens\": [\n      1,", "\"tokens\": [\n      7,", "does not rise"),
            ("\"weights\": \"bf16\"", "\"weights\": \"q8\"", "q8 is no number format"),
        })
        {
            text.ShouldContain(from);
            var error = Should.Throw<BadInputException>(
                () => MachineProfileFile.Parse("p.json", text.Replace(from, to)));
            error.Message.ShouldStartWith("p.json");
            error.Message.ShouldContain(says);
            error.Message.ShouldNotContain("\n");
        }
        for (var end = 0; end < text.Length - 2; end += 37)
            Should.Throw<BadInputException>(() => MachineProfileFile.Parse("p.json", text[..end]));
    }

    [Fact]
    public void A_model_that_runs_elsewhere_is_not_this_machine() =>
        Should.Throw<BadInputException>(() => MachineCalibration.MeasureAsync(
            TestModel.Options() with { GpuLayers = 1 }, TimeSpan.Zero, TimeProvider.System))
            .Message.ShouldContain("--gpu-layers");

    [Fact]
    public void Step_times_at_the_start_are_the_fitted_ones()
    {
        var fit = new MeasuredStepsSpec([1, 2, 4, 8], [1e6, 1.5e6, 2e6, 4e6], 100, 2);
        var times = StepTimes.From(fit);
        foreach (var tokens in (IReadOnlyList<int>)[1, 2, 3, 8, 100, 700])
        {
            var shape = new StepShape();
            shape.AddChunk(50, tokens, endsPrompt: true);
            ((double)times.PredictNs(shape)).ShouldBe(StepFit.PredictNs(fit, shape), 2);
        }
    }
}
