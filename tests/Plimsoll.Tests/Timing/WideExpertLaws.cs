using CsCheck;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>Experts over several nodes.</summary>
public sealed class WideExpertLaws
{
    static readonly StepTimeModel Whole = Model(32, overlap: false, redundant: 32);
    static readonly StepTimeModel Halves = Model(32, overlap: true, redundant: 32);

    static readonly Gen<StepShape> Steps =
        Gen.Select(Gen.Int[0, 512], Gen.Int[1, 8192], Gen.Int[0, 8], Gen.Int[1, 4096]).Select(
            (decodes, context, chunks, tokens) =>
            {
                var shape = new StepShape();
                if (decodes > 0)
                    shape.AddDecodes(decodes, (long)decodes * context);
                for (var i = 0; i < chunks; i++)
                    shape.AddChunk(0, tokens, endsPrompt: true);
                return shape;
            }).Where(shape => !shape.IsEmpty);

    [Fact]
    public void Halves_are_taken_only_where_they_are_quicker() => Steps.Sample(shape =>
        Halves.PredictNs(shape) <= Whole.PredictNs(shape) + 1);

    [Fact]
    public void More_work_is_never_quicker() => Steps.Sample(shape =>
    {
        var more = shape;
        more.AddChunk(0, 64, endsPrompt: true);
        return Halves.PredictNs(more) >= Halves.PredictNs(shape);
    });

    [Fact]
    public void Parts_sum_to_the_step() => Steps.Sample(shape =>
        Halves.Explain(shape).TotalNs == Halves.PredictNs(shape)
            && Halves.Split(shape).TotalNs == Halves.PredictNs(shape));

    /// <summary>DeepSeek's profile of four nodes of H800: 62,713 prompt tokens a second and node.</summary>
    [Fact]
    public void Prompts_run_about_as_fast_as_published()
    {
        var shape = new StepShape();
        for (var i = 0; i < 4; i++)
            shape.AddChunk(0, 4096, endsPrompt: true);
        (8 * 16_384 * 1e9 / Halves.PredictNs(shape)).ShouldBe(62_713, 0.35 * 62_713);
    }

    [Fact]
    public void Without_copies_the_busiest_rank_is_waited_for() => Steps.Sample(shape =>
        Skewed.PredictNs(shape) >= Whole.PredictNs(shape));

    static readonly StepTimeModel Skewed = Model(32, overlap: false, redundant: 0);

    static StepTimeModel Model(int ranks, bool overlap, int redundant) =>
        StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("DeepSeek-V3"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"), TensorParallel = 1,
            DataParallel = ranks, ExpertParallel = ranks, Weights = NumberFormat.Fp8,
            Engine = new EngineSettings { TwoBatchOverlap = overlap, RedundantExperts = redundant },
        });
}
