using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

public sealed class StepTimeModelTests
{
    static readonly Deployment Llama8BOnRtx = new()
    {
        Model = TestModels.Llama8B,
        Accelerator = TestModels.RtxPro6000,
    };

    [Fact]
    public void A_measured_card_is_of_the_kernels_tier()
    {
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        model.Tier.ShouldBe(Tier.Kernels);
        model.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void A_card_that_nobody_measured_is_of_the_datasheet_tier_and_less_certain()
    {
        var measured = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        var datasheet = StepTimeCatalogue.ModelOf(Llama8BOnRtx with { Accelerator = TestModels.Mi300X });
        datasheet.Tier.ShouldBe(Tier.Datasheet);
        datasheet.ErrorHigh.ShouldBeGreaterThan(measured.ErrorHigh);
        datasheet.ErrorLow.ShouldBeLessThan(measured.ErrorLow);
    }

    /// <summary>
    /// Prompts fill every expert, so the busiest rank decides; of few tokens it hardly matters.
    /// </summary>
    [Theory]
    [InlineData(4096, 0.5, 0.95, 1.02, 1.3)]
    [InlineData(4, 0.9, 1.1, 0.95, 1.05)]
    public void Routing_skew_moves_the_time_of_experts(
        int tokens, double balancedLow, double balancedHigh, double steepLow, double steepHigh)
    {
        double ExpertsNs(double skew) => StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("DeepSeek-V3"),
            Accelerator = Catalogue.BuiltIn.FindAccelerator("h200_sxm"),
            TensorParallel = 8, ExpertParallel = 8, Weights = NumberFormat.Fp8, ExpertSkew = skew,
        }).Explain(new StepShape
        {
            PrefillChunks = 1, PrefillTokens = tokens, PrefillPairs = tokens, PrefillContextTokens = tokens,
        }).ExpertsNs;

        var fitted = ExpertsNs(Deployment.FittedExpertSkew);
        (ExpertsNs(0) / fitted).ShouldBeInRange(balancedLow, balancedHigh);
        (ExpertsNs(Deployment.MostExpertSkew) / fitted).ShouldBeInRange(steepLow, steepHigh);
    }

    [Fact]
    public void Reading_the_weights_dominates_a_lone_decode()
    {
        // 8.03 G weights less the embedding, in BF16, at 1,792 GB/s: 8.37 ms; efficiency and overhead above.
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        model.PredictNs(Steps.Decode(1, 100)).ShouldBeInRange(8_370_000, 13_000_000);
    }

    [Fact]
    public void A_full_prompt_step_is_bound_by_compute()
    {
        // 2 × 7.0 G FLOPs × 2,048 tokens at 467.8 TFLOP/s: 61 ms.
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        model.PredictNs(Steps.Prefill(1, 2048)).ShouldBeInRange(61_000_000, 100_000_000);
    }

    [Fact]
    public void A_window_caps_what_attention_reads()
    {
        var windowed = TestModels.Llama8B with
        {
            Attention = TestModels.Llama8B.Attention with
            {
                FullLayers = 0, WindowLayers = 32, WindowTokens = 1024,
            },
        };
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx with { Model = windowed });
        model.PredictNs(Steps.Decode(16, 50_000)).ShouldBe(model.PredictNs(Steps.Decode(16, 4_000)));
    }

    [Fact]
    public void Fp8_halves_the_bytes_that_a_decode_waits_for()
    {
        var h100 = Llama8BOnRtx with
        {
            Model = TestModels.Llama70B,
            Accelerator = TestModels.H100,
            TensorParallel = 4,
        };
        var bf16 = StepTimeCatalogue.ModelOf(h100).Explain(Steps.Decode(1, 500));
        var fp8 = StepTimeCatalogue.ModelOf(h100 with { Weights = NumberFormat.Fp8 })
            .Explain(Steps.Decode(1, 500));
        ((double)fp8.DenseNs / bf16.DenseNs).ShouldBeInRange(0.45, 0.75);
        fp8.LmHeadNs.ShouldBe(bf16.LmHeadNs);
    }

    [Fact]
    public void Tensor_parallelism_pays_two_all_reduces_per_layer()
    {
        var two = StepTimeCatalogue.ModelOf(Llama8BOnRtx with { TensorParallel = 2 });
        var curve = TwoRankCurve(two.Curves);
        var parts = two.Explain(Steps.Decode(64, 500));
        ((double)parts.CommunicationNs).ShouldBe(65 * curve.At(2 * 64 * 4096), 1);
        StepTimeCatalogue.ModelOf(Llama8BOnRtx).Explain(Steps.Decode(64, 500)).CommunicationNs.ShouldBe(0);
    }

    [Fact]
    public void A_degree_without_a_measured_all_reduce_is_noted_and_widens_the_interval()
    {
        var sixteen = StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = TestModels.Llama70B, Accelerator = TestModels.H100, TensorParallel = 16,
        });
        sixteen.Notes.ShouldContain(note => note.Contains("all-reduce over 16 ranks"));
        sixteen.Errors.Common.High.ShouldBeGreaterThan(
            sixteen.Engine.Errors.Of(Tier.Kernels, sixteen.Deployment).Common.High);
    }

    [Fact]
    public void Decodes_beside_a_prompt_take_whole_tiles_under_flash_attention_2()
    {
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        var decodes = Steps.Decode(64, 1000);
        var prompt = Steps.Prefill(1, 512);
        var both = Steps.With(decodes, 1, 512, 0);
        // vLLM's own profile of this card: 1.3 to 2 times the separate kernels.
        var apart = model.Explain(decodes).DecodeAttentionNs + model.Explain(prompt).PrefillAttentionNs;
        var parts = model.Explain(both);
        ((double)(parts.PrefillAttentionNs + parts.DecodeAttentionNs) / apart).ShouldBeInRange(1.1, 2.2);
    }

    [Fact]
    public void Experts_read_more_weights_as_more_tokens_choose()
    {
        var model = StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = TestModels.Qwen30BA3B, Accelerator = TestModels.H100,
        });
        var one = model.Explain(Steps.Decode(1, 100)).ExpertsNs;
        var many = model.Explain(Steps.Decode(64, 100)).ExpertsNs;
        ((double)many / one).ShouldBeInRange(5, 20);
    }

    [Fact]
    public void An_empty_step_takes_no_time() =>
        StepTimeCatalogue.ModelOf(Llama8BOnRtx).PredictNs(default).ShouldBe(0);

    [Fact]
    public void Cached_context_is_charged_apart_from_new_context()
    {
        var model = StepTimeCatalogue.ModelOf(Llama8BOnRtx);
        model.Split(Steps.Prefill(1, 512)).PrefillCachedContextNs.ShouldBe(0);
        var reused = model.Split(Steps.Prefill(1, 512, before: 16_384));
        reused.PrefillCachedContextNs.ShouldBeGreaterThan(10 * reused.PrefillNewContextNs);
    }

    [Fact]
    public void Pipeline_stages_trade_weight_reads_for_hops()
    {
        var deployment = Llama8BOnRtx with { Model = TestModels.Llama70B, Accelerator = TestModels.H100 };
        var tensor = StepTimeCatalogue.ModelOf(deployment with { TensorParallel = 2 });
        var pipeline = StepTimeCatalogue.ModelOf(deployment with { PipelineParallel = 2 });
        // One sequence passes both stages one after the other: no gain over one accelerator.
        pipeline.PredictNs(Steps.Decode(1, 100)).ShouldBeGreaterThan(
            (long)(1.6 * tensor.PredictNs(Steps.Decode(1, 100))));
        pipeline.Explain(Steps.Decode(1, 100)).PipelineNs.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_lone_prompt_passes_every_pipeline_stage()
    {
        var deployment = Llama8BOnRtx with { Model = TestModels.Llama70B, Accelerator = TestModels.H100 };
        var one = StepTimeCatalogue.ModelOf(deployment);
        var two = StepTimeCatalogue.ModelOf(deployment with { PipelineParallel = 2 });
        var prompt = Steps.With(default, 1, 2000, 0);
        var prompts = Steps.With(default, 2, 2000, 0);
        (two.PredictNs(prompt) + two.LagNs(prompt)).ShouldBeGreaterThan(one.PredictNs(prompt));
        // Two prompts follow each other through the stages: a step takes about half of one accelerator's, and
        // each prompt half a step more to get through.
        ((double)two.PredictNs(prompts) / one.PredictNs(prompts)).ShouldBeInRange(0.45, 0.75);
        var beside = Steps.With(Steps.Decode(63, 500), 1, 2000, 0);
        two.PredictNs(beside).ShouldBeLessThan((long)(0.75 * one.PredictNs(beside)));
        (two.PredictNs(beside) + two.LagNs(beside)).ShouldBeGreaterThan(one.PredictNs(prompt));
    }

    static AllReduceCurve TwoRankCurve(EfficiencyCurves curves)
    {
        foreach (var curve in curves.AllReduce)
        {
            if (curve.Ranks == 2)
            {
                return curve;
            }
        }
        throw new ShouldAssertException("no measured all-reduce over two ranks");
    }
}
