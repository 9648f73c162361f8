using CsCheck;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

/// <summary>What every step-time model promises, whatever the model, the card and the engine.</summary>
public sealed class StepTimeModelLaws
{
    const long Samples = 4000;

    static readonly StepTimeModel[] Models =
    [
        Of(TestModels.Llama8B, TestModels.RtxPro6000, 1, NumberFormat.Bf16),
        Of(TestModels.Llama70B, TestModels.H100, 4, NumberFormat.Bf16),
        Of(TestModels.Llama70B, TestModels.H100, 4, NumberFormat.Fp8, "trtllm"),
        Of(TestModels.Qwen32B, TestModels.RtxPro6000, 2, NumberFormat.Bf16),
        Of(TestModels.Qwen30BA3B, TestModels.H100, 1, NumberFormat.Bf16),
        Of(TestModels.DeepSeekV3, TestModels.B200, 8, NumberFormat.Fp4),
        Of(TestModels.GptOss120B, TestModels.H100, 1, NumberFormat.Fp4),
        Of(TestModels.Llama70B, TestModels.Mi300X, 1, NumberFormat.Bf16),
        StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = TestModels.Llama70B,
            Accelerator = TestModels.H100,
            TensorParallel = 2,
            PipelineParallel = 2,
        }),
    ];

    static readonly Gen<StepTimeModel> GenModel = Gen.Int[0, Models.Length - 1].Select(i => Models[i]);

    static readonly Gen<StepShape> GenDecode =
        Gen.Select(Gen.Int[1, 1500], Gen.Long[1, 60_000], Steps.Decode);

    static readonly Gen<StepShape> GenShape =
        Gen.Select(Gen.Int[0, 600], Gen.Long[1, 30_000], Gen.Int[0, 8], Gen.Int[1, 4096], Gen.Long[0, 60_000])
            .Where((decodes, _, chunks, _, _) => decodes + chunks > 0)
            .Select((decodes, context, chunks, tokens, before) => chunks == 0
                ? Steps.Decode(decodes, context)
                : Steps.With(Steps.Decode(decodes, context), chunks, tokens, before));

    [Fact]
    public void A_step_without_prompts_depends_on_sequences_and_whole_pages_only() =>
        Gen.Select(GenModel, GenDecode, Gen.Long[0, 1_000_000]).Sample((model, shape, noise) =>
        {
            var page = 16L * shape.Decodes;
            var pages = shape.DecodeContextTokens / page;
            var other = shape with { DecodeContextTokens = (pages * page) + (noise % page) };
            return model.PredictNs(other) == model.PredictNs(shape);
        }, iter: Samples);

    [Fact]
    public void Longer_contexts_never_shorten_a_step() =>
        Gen.Select(GenModel, GenShape, Gen.Long[1, 100_000]).Sample((model, shape, more) =>
        {
            var longer = shape.Decodes > 0
                ? shape with { DecodeContextTokens = shape.DecodeContextTokens + more }
                : shape with
                {
                    PrefillContextTokens = shape.PrefillContextTokens + more,
                    PrefillPairs = shape.PrefillPairs + more,
                };
            return model.PredictNs(longer) >= model.PredictNs(shape);
        }, iter: Samples);

    [Fact]
    public void More_prompt_tokens_never_shorten_a_step() =>
        Gen.Select(
                GenModel, Gen.Int[0, 300], Gen.Int[1, 8], Gen.Int[1, 4000], Gen.Int[1, 500],
                Gen.Long[0, 30_000])
            .Sample((model, decodes, chunks, tokens, more, before) =>
            {
                var some = Steps.With(Steps.Decode(decodes, 700), chunks, tokens, before);
                var larger = Steps.With(Steps.Decode(decodes, 700), chunks, tokens + more, before);
                return model.PredictNs(larger) >= model.PredictNs(some);
            }, iter: Samples);

    [Fact]
    public void More_sequences_of_the_same_context_never_shorten_a_step() =>
        Gen.Select(GenModel, Gen.Int[1, 1000], Gen.Int[1, 100], Gen.Long[1, 20_000]).Sample(
            (model, sequences, more, context) =>
                model.PredictNs(Steps.Decode(sequences + more, context))
                >= model.PredictNs(Steps.Decode(sequences, context)), iter: Samples);

    [Fact]
    public void The_parts_of_a_step_sum_to_the_step_exactly() =>
        Gen.Select(GenModel, GenShape).Sample((model, shape) =>
        {
            var total = model.PredictNs(shape);
            var split = model.Split(shape);
            split.TotalNs.ShouldBe(total);
            model.Explain(shape).TotalNs.ShouldBe(total);
            split.FixedNs.ShouldBeGreaterThanOrEqualTo(0);
            split.PrefillTokensNs.ShouldBeGreaterThanOrEqualTo(0);
            split.DecodeTokensNs.ShouldBeGreaterThanOrEqualTo(0);
            split.DecodeContextNs.ShouldBeGreaterThanOrEqualTo(0);
            split.PrefillNewContextNs.ShouldBeGreaterThanOrEqualTo(0);
            split.PrefillCachedContextNs.ShouldBeGreaterThanOrEqualTo(0);
        }, iter: Samples);

    [Fact]
    public void No_step_beats_the_memory_bandwidth() =>
        Gen.Select(GenModel, GenShape).Sample((model, shape) =>
            model.PredictNs(shape) >= 0.999 * ModelLimits.FloorNsPerStep(model.Deployment, shape),
            iter: Samples);

    static StepTimeModel Of(
        ModelSpec model, AcceleratorSpec card, int ranks, NumberFormat weights, string engine = "vllm") =>
        StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = model,
            Accelerator = card,
            TensorParallel = ranks,
            Weights = weights,
            Engine = new EngineSettings { Engine = engine },
        });
}
