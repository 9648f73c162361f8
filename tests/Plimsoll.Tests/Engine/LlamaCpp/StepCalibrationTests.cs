using System;
using System.IO;
using System.Threading.Tasks;
using CsCheck;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

public sealed class StepCalibrationTests
{
    [Fact]
    public async Task Steps_are_timed_once_and_found_in_the_cache_after()
    {
        var options = TestModel.Options() with
        {
            CalibrationBudget = TimeSpan.FromSeconds(2),
            CacheFolder = Path.Combine(TestModel.Folder, "calibration"),
        };
        double[] learnt;
        await using (var engine = new LlamaEngine(options, TimeProvider.System))
        {
            engine.Calibration.Count.ShouldBeGreaterThan(5);
            learnt = engine.Times.Weights();
            (await TestModel.ReadAll(engine.Submit(TestModel.Request([1, 2, 3], 4)))).Count.ShouldBe(4);
        }
        await using (var again = new LlamaEngine(options, TimeProvider.System))
        {
            again.Calibration.ShouldBeEmpty();
            again.Times.Weights().ShouldBe(learnt);
        }
        foreach (var file in Directory.GetFiles(options.CacheFolder!))
            File.WriteAllText(file, "damaged");
        await using var third = new LlamaEngine(options, TimeProvider.System);
        third.Calibration.ShouldNotBeEmpty();
    }

    /// <summary>
    /// Steps of a known law are predicted after a few hundred of them, whatever their order.
    /// </summary>
    [Fact]
    public void A_law_is_learnt_from_its_steps() =>
        Gen.Select(Gen.Double[100, 5000], Gen.Double[5, 500], Gen.Double[0, 2])
            .Sample((fixedUs, perToken, perContext) =>
        {
            var times = new StepTimes();
            long Law(in StepShape shape) => (long)(1e3 * (fixedUs + perToken * shape.Tokens
                + (perContext * shape.DecodeContextTokens / 1e1)));
            var random = new Random(3);
            for (var i = 0; i < 2000; i++)
            {
                var shape = Draw(random);
                times.Observe(shape, Law(shape));
            }
            for (var i = 0; i < 50; i++)
            {
                var shape = Draw(random);
                times.PredictNs(shape).ShouldBeInRange((long)(0.9 * Law(shape)), (long)(1.1 * Law(shape)));
            }
            times.RelativeError!.Value.ShouldBeLessThan(0.05);
        }, iter: 10);

    /// <summary>Its causes sum to a prediction, and more tokens never take less time.</summary>
    [Fact]
    public void Predictions_grow_with_the_step_and_their_causes_sum_to_them()
    {
        var times = new StepTimes();
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
            times.Observe(Draw(random), random.Next(100_000, 3_000_000));
        var last = 0L;
        for (var tokens = 1; tokens < 900; tokens += 7)
        {
            var shape = new StepShape();
            shape.AddChunk(0, tokens, endsPrompt: true);
            var predicted = times.PredictNs(shape);
            predicted.ShouldBeGreaterThanOrEqualTo(last);
            last = predicted;
            var split = times.Split(shape);
            ((double)split.TotalNs).ShouldBe(predicted, predicted / 100.0 + tokens);
            ((double)times.Frozen().PredictNs(shape)).ShouldBe(predicted, predicted / 10.0 + 2000);
        }
    }

    static StepShape Draw(Random random)
    {
        var shape = new StepShape();
        var decodes = random.Next(0, 33);
        shape.AddDecodes(decodes, decodes * random.Next(10, 500));
        if (decodes == 0 || random.Next(3) == 0)
            shape.AddChunk(random.Next(0, 200), random.Next(1, 256), endsPrompt: false);
        return shape;
    }
}
