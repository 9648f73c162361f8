using CsCheck;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>Speculation pays while memory binds and not where compute does.</summary>
public sealed class SpeculationTests
{
    static readonly StepTimeModel Plain = Model(null);
    static readonly StepTimeModel Three = Model(new SpeculationSpec(3, 2.4));

    [Fact]
    public void Three_drafts_at_one_sequence_are_worth_more_than_they_cost() =>
        Ratio(decodes: 1).ShouldBeInRange(0.42, 0.6);

    [Fact]
    public void Three_drafts_at_a_full_batch_are_worth_little_or_nothing() =>
        Ratio(decodes: 1024).ShouldBeInRange(0.9, 1.7);

    [Fact]
    public void More_accepted_tokens_never_make_a_token_dearer() =>
        Gen.Select(Gen.Int[1, 1024], Gen.Int[1, 4000], Gen.Double[1, 3.9])
        .Sample((decodes, context, length) =>
            Model(new SpeculationSpec(3, length + 0.1)).PredictNs(Steps.Decode(decodes, context))
                <= Model(new SpeculationSpec(3, length)).PredictNs(Steps.Decode(decodes, context)),
            iter: 200);

    [Fact]
    public void More_layers_of_a_draft_never_make_a_step_shorter() =>
        Gen.Select(Gen.Int[1, 1024], Gen.Int[1, 4000], Gen.Double[0, 8]).Sample((decodes, context, layers) =>
            Model(new SpeculationSpec(3, 2.4, layers)).PredictNs(Steps.Decode(decodes, context))
                <= Model(new SpeculationSpec(3, 2.4, layers + 1)).PredictNs(Steps.Decode(decodes, context)),
            iter: 100);

    [Fact]
    public void Terms_and_causes_sum_to_the_step() =>
        Gen.Select(Gen.Int[1, 600], Gen.Int[1, 4000], Gen.Int[0, 4]).Sample((decodes, context, chunks) =>
        {
            var shape = Steps.Decode(decodes, context);
            shape = chunks == 0 ? shape : Steps.With(shape, chunks, 700, 0);
            var total = Three.PredictNs(shape);
            var parts = Three.Explain(shape);
            var split = Three.Split(shape);
            return parts.TotalNs == total && split.TotalNs == total && parts.HostNs >= 0
                && split.FixedNs >= 0;
        }, iter: 500);

    [Fact]
    public void The_draft_is_noted_and_widens_the_interval()
    {
        Three.Notes.ShouldContain(n => n.StartsWith("speculation"));
        Three.ErrorHigh.ShouldBeGreaterThan(Plain.ErrorHigh);
    }

    static double Ratio(int decodes) => (double)Three.PredictNs(Steps.Decode(decodes, 500))
        / Plain.PredictNs(Steps.Decode(decodes, 500));

    static StepTimeModel Model(SpeculationSpec? speculation) => StepTimeCatalogue.ModelOf(new Deployment
    {
        Model = TestModels.Llama70B,
        Accelerator = TestModels.H100,
        TensorParallel = 4,
        Weights = NumberFormat.Fp8,
        Engine = new EngineSettings { MaxNumSeqs = 1024, Speculation = speculation },
    });
}
