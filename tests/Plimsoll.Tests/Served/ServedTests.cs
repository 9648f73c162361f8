using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Served;

/// <summary>Embedding, images, and the dense models of the years before 2023.</summary>
public sealed class ServedTests
{
    [Theory]
    [InlineData("bge-large-en-v1.5", 335_141_888, 0.01)]
    [InlineData("bge-m3", 567_754_752, 0.02)]
    [InlineData("ModernBERT-large", 394_781_696, 0.001)]
    [InlineData("Qwen3-Embedding-8B", 7_567_295_488, 0.001)]
    [InlineData("GPT-3-175B", 174_600_000_000, 0.001)]
    [InlineData("OPT-66B", 65_718_554_624, 0.001)]
    [InlineData("BLOOM-176B", 176_247_271_424, 0.001)]
    [InlineData("GPT-J-6B", 6_050_882_784, 0.001)]
    [InlineData("Falcon-40B", 41_303_293_952, 0.001)]
    [InlineData("MPT-30B", 29_960_000_000, 0.001)]
    [InlineData("Qwen2.5-VL-72B", 73_410_777_344, 0.001)]
    [InlineData("Qwen3-VL-8B", 8_767_123_696, 0.001)]
    [InlineData("Gemma-3-27B-vision", 27_432_406_640, 0.001)]
    [InlineData("InternVL3-38B", 38_388_164_992, 0.001)]
    [InlineData("Llama-3.2-11B-Vision", 10_670_220_835, 0.01)]
    public void Parameters_follow_from_the_shape(string name, double published, double tolerance)
    {
        var m = Catalogue.BuiltIn.FindModel(name);
        var counted = ParameterCount.Total(
            m.Layers, m.Hidden, m.Vocabulary, m.TiedEmbeddings, m.Attention, m.FeedForward)
            + (m.Vision is { } vision ? vision.Parameters + vision.ProjectorParameters : 0.0);
        counted.ShouldBe(published, tolerance * published);
        ((double)m.Parameters).ShouldBe(published, 0.003 * published);
    }

    [Theory]
    [InlineData("Qwen2.5-VL-7B", 256, 1369, 2691)]
    [InlineData("Qwen3-VL-8B", 196, 1024, 2040)]
    [InlineData("Kimi-VL-A3B", 256, 1089, 1032)]
    [InlineData("Gemma-3-27B-vision", 256, 256, 256)]
    [InlineData("Pixtral-12B", 812, 4160, 2340)]
    [InlineData("Mistral-Small-3.1-24B", 272, 1406, 1736)]
    [InlineData("InternVL3-38B", 258, 2562, 2306)]
    [InlineData("Llama-4-Scout-17B-16E-vision", 727, 2467, 2322)]
    [InlineData("Llama-3.2-11B-Vision", 1, 1, 1)]
    public void Each_model_counts_images_by_its_own_rule(string name, int small, int square, int wide)
    {
        var rule = Catalogue.BuiltIn.FindModel(name).Vision!.Rule;
        rule.Of(new ImageSize(448, 448)).Tokens.ShouldBe(small);
        rule.Of(new ImageSize(1024, 1024)).Tokens.ShouldBe(square);
        rule.Of(new ImageSize(1920, 1080)).Tokens.ShouldBe(wide);
    }

    [Theory]
    [InlineData("Qwen2.5-VL-7B", 5476)]
    [InlineData("Qwen3-VL-8B", 4096)]
    [InlineData("Gemma-3-27B-vision", 4096)]
    [InlineData("Llama-3.2-11B-Vision", 6404)]
    [InlineData("InternVL3-38B", 10250)]
    public void Its_encoder_sees_the_patches_of_a_megapixel(string name, int patches) =>
        Catalogue.BuiltIn.FindModel(name).Vision!.Rule.Of(new ImageSize(1024, 1024)).Patches
            .ShouldBe(patches);

    [Fact]
    public void A_feed_forward_of_two_matrices_costs_two()
    {
        var opt = Catalogue.BuiltIn.FindModel("OPT-175B");
        opt.FeedForward.Gated.ShouldBeFalse();
        var gated = opt with { FeedForward = opt.FeedForward with { Gated = true } };
        var card = Catalogue.BuiltIn.FindAccelerator("a100_sxm");
        long Ns(ModelSpec model) => StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = model, Accelerator = card, TensorParallel = 8,
        }).Explain(Timing.Steps.Prefill(1, 2048)).DenseNs;
        ((double)Ns(gated) / Ns(opt)).ShouldBe(4.0 / 3, 0.05);
    }

    /// <summary>bge-large in TEI on one L4: 62.2 k tokens per second (Infinity's benchmarks).</summary>
    [Fact]
    public void An_encoder_embeds_about_as_fast_as_measured()
    {
        var serving = Embedding("bge-large-en-v1.5", "l4");
        var full = SaturatedThroughput.Of(Engine(serving), serving);
        full.Run.OutputTokens.ShouldBe(0);
        full.Run.Completed.ShouldBe(full.Run.Requests);
        (full.RequestsPerSecond * serving.Workload.MeanPromptTokens).ShouldBe(62_200, 0.3 * 62_200);
    }

    [Fact]
    public void Whoever_sees_all_of_a_prompt_computes_it_whole()
    {
        var serving = Embedding("bge-m3", "l4");
        var engine = Engine(serving);
        engine.Limits.EnableChunkedPrefill.ShouldBeFalse();
        engine.Memory.Fits.ShouldBeTrue();
        var chunks = 0L;
        var run = engine.Run(serving.Workload, 50, new SimulationOptions
        {
            Requests = 500,
            StepObserver = (_, in shape, steps, _, _) => chunks += shape.PrefillChunks * steps,
        });
        chunks.ShouldBe(run.Completed);
    }

    [Fact]
    public void Images_take_the_encoders_time_and_shares_sum_to_it()
    {
        var model = Catalogue.BuiltIn.FindModel("InternVL3-38B");
        var times = StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = model, Accelerator = Catalogue.BuiltIn.FindAccelerator("h100"), TensorParallel = 2,
        });
        var image = model.Vision!.Rule.Of(new ImageSize(1024, 1024));
        var text = Timing.Steps.Prefill(1, image.Tokens);
        var seen = text with
        {
            EncoderPatches = image.Patches, EncoderPairs = image.PatchPairs, EncoderTokens = image.Tokens,
        };
        var parts = times.Explain(seen);
        parts.EncoderNs.ShouldBeGreaterThan(0);
        parts.TotalNs.ShouldBe(times.PredictNs(seen));
        times.Split(seen).TotalNs.ShouldBe(times.PredictNs(seen));
        // The catalogue of shapes puts encoder over language model at 0.71 of the FLOPs.
        var over = (double)parts.EncoderNs / times.PredictNs(text);
        over.ShouldBeInRange(0.35, 1.4);
    }

    [Fact]
    public void The_same_images_are_other_tokens_to_other_models()
    {
        var family = WorkloadFamily.Find("multimodal");
        double Prompt(string name) =>
            ModelWorkload.Of(family, Catalogue.BuiltIn.FindModel(name)).MeanPromptTokens;
        // Counted by the rule that the family was recorded with, the mean stays.
        Prompt("Qwen2.5-VL-7B").ShouldBe(family.MeanPromptTokens, 0.08 * family.MeanPromptTokens);
        Prompt("Gemma-3-27B-vision").ShouldBeLessThan(0.8 * Prompt("Qwen2.5-VL-7B"));
        Prompt("Pixtral-12B").ShouldBeGreaterThan(1.5 * Prompt("Qwen2.5-VL-7B"));
        ModelWorkload.Of(family, Catalogue.BuiltIn.FindModel("Llama-3.1-8B")).ShouldBe(family);
    }

    static SimulatedEngine Engine(Serving serving) => SimulatedEngine.Of(
        StepTimeCatalogue.ModelOf(serving.Deployment.With()), serving.Policy, serving.MeanContextTokens);

    static Serving Embedding(string model, string card)
    {
        var spec = Catalogue.BuiltIn.FindModel(model);
        var accelerator = Catalogue.BuiltIn.FindAccelerator(card);
        return new Serving
        {
            Deployment = new DeploymentChoice
            {
                Model = spec, Accelerator = accelerator, Weights = NumberFormat.Bf16, Kv = NumberFormat.Bf16,
                Engine = EngineCatalogue.ServerDefaults(accelerator, "vllm"), TensorParallel = 1,
            },
            Workload = ModelWorkload.Of(WorkloadFamily.Find("embedding"), spec),
            RequestsPerSecond = 100,
            Levels = [Core.Promises.LevelPromise.None],
            Requests = 3000,
        };
    }
}
