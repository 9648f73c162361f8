using System;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

public sealed class KvCapacityTests
{
    const double Gib = 1_073_741_824;

    static readonly Deployment Llama8BOnH100 = new()
    {
        Model = TestModels.Llama8B,
        Accelerator = TestModels.H100,
    };

    [Fact]
    public void What_weights_leave_becomes_blocks()
    {
        var capacity = EngineCatalogue.Capacity(Llama8BOnH100);
        // 90 % of 79.2 GiB less 16.1 GB of weights and a few of the rest, at 2 MiB per block.
        capacity.Blocks.ShouldBeInRange(26_000, 29_000);
        capacity.WeightBytes.ShouldBe(2 * 8_030_261_248.0);
        capacity.Tokens.ShouldBe(16L * capacity.Blocks);
    }

    [Fact]
    public void The_engines_own_count_wins()
    {
        var known = Llama8BOnH100 with { Engine = new EngineSettings { NumGpuBlocks = 1234 } };
        EngineCatalogue.Capacity(known).Blocks.ShouldBe(1234);
    }

    [Fact]
    public void A_model_that_does_not_fit_says_by_how_much()
    {
        var capacity = EngineCatalogue.Capacity(Llama8BOnH100 with { Model = TestModels.Llama70B });
        capacity.Fits.ShouldBeFalse();
        // 141 GB of weights against 76.5 GB of usable memory.
        capacity.MissingGb.ShouldBeInRange(64, 72);
    }

    [Fact]
    public void Tensor_parallelism_shares_weights_and_kv_heads()
    {
        var four =
            EngineCatalogue.Capacity(Llama8BOnH100 with { Model = TestModels.Llama70B, TensorParallel = 4 });
        four.Fits.ShouldBeTrue();
        four.WeightBytes.ShouldBe(2 * 70_553_706_496.0 / 4);
        (four.KvBytes / four.Blocks).ShouldBe(16 * 80 * 2 * 256 * 2.0);
    }

    [Fact]
    public void Fp8_keeps_embeddings_in_bf16()
    {
        var bytes = WeightBytes.Total(TestModels.Llama8B, NumberFormat.Fp8);
        var embeddings = 2.0 * 128_256 * 4096;
        bytes.ShouldBe(8_030_261_248.0 + embeddings);
    }

    [Fact]
    public void Latent_attention_keeps_one_vector_per_token_on_every_rank()
    {
        var deployment = Llama8BOnH100 with { Model = TestModels.DeepSeekV3, TensorParallel = 8 };
        KvCapacity.BlockBytes(deployment).ShouldBe(16 * 70_272.0);
    }

    [Fact]
    public void Window_layers_cost_their_window_only()
    {
        var gptOss = Llama8BOnH100 with { Model = TestModels.GptOss120B };
        var full = 18 * 8 * 128 * 2 * 16.0;
        KvCapacity.BlockBytes(gptOss, 4096).ShouldBe(full * (1 + (128.0 / 4096)));
        KvCapacity.BlockBytes(gptOss, 100).ShouldBe(2 * full);
    }

    [Fact]
    public void A_large_batch_leaves_less_and_an_old_release_the_least()
    {
        var few = With(e => e with { MaxNumSeqs = 256, MaxNumBatchedTokens = 2048 });
        var many = With(e => e with { MaxNumSeqs = 1024, MaxNumBatchedTokens = 2048 });
        var old =
            With(e => e with { MaxNumSeqs = 1024, MaxNumBatchedTokens = 2048, EngineVersion = "0.11.0" });
        many.ActivationBytes.ShouldBe(2 * few.ActivationBytes, "sampling peaks as at 512 sequences");
        old.ActivationBytes.ShouldBe(4 * few.ActivationBytes);
        many.Blocks.ShouldBeInRange(old.Blocks + 1, few.Blocks - 1);
    }

    [Fact]
    public void Each_engine_takes_its_share_of_something_else()
    {
        var memory = 80 * 0.9895 * Gib;
        var ofAll = With(e => e with { Engine = "vllm" });
        Kept(ofAll).ShouldBe(0.9 * memory, 0.01 * Gib);
        var ofFreeBeforeWeights = With(e => e with { Engine = "sglang" });
        (ofFreeBeforeWeights.KvBytes + ofFreeBeforeWeights.WeightBytes)
            .ShouldBe(0.9 * (memory - ofFreeBeforeWeights.OtherBytes), 0.01 * Gib);
        var ofFreeAfterWeights = With(e => e with { Engine = "trtllm" });
        var free = ofFreeAfterWeights.KvBytes / 0.9;
        (Kept(ofFreeAfterWeights) - ofFreeAfterWeights.KvBytes + free).ShouldBe(memory, 0.01 * Gib);

        static double Kept(KvCapacityResult c) =>
            c.WeightBytes + c.ActivationBytes + c.OtherBytes + c.KvBytes;
    }

    [Fact]
    public void Graphs_count_against_the_share_from_0_21_on()
    {
        var before = With(e => e with { EngineVersion = "0.20.2" });
        var after = With(e => e with { EngineVersion = "0.21.0" });
        (after.OtherBytes - before.OtherBytes).ShouldBe(0.4 * Gib, 1);
    }

    [Fact]
    public void What_tensor_parallelism_does_not_split_is_whole_on_every_rank()
    {
        // 79.74 GiB on each of eight accelerators: DeepSeek-R1-0528 as vLLM 0.11.2 loads it.
        var deepSeek = Llama8BOnH100 with
        {
            Model = TestModels.DeepSeekV3,
            TensorParallel = 8,
            Weights = NumberFormat.Fp8,
        };
        WeightBytes.PerAccelerator(deepSeek).ShouldBe(79.74 * Gib, 0.005 * 79.74 * Gib);
        // Four KV heads on eight ranks: every rank holds one, so half of them twice.
        var eight = Llama8BOnH100 with { Model = TestModels.Qwen30BA3B, TensorParallel = 8 };
        var one = eight with { TensorParallel = 1 };
        WeightBytes.PerAccelerator(eight).ShouldBeGreaterThan(WeightBytes.PerAccelerator(one) / 8);
    }

    static KvCapacityResult With(Func<EngineSettings, EngineSettings> change) =>
        EngineCatalogue.Capacity(Llama8BOnH100 with { Engine = change(new EngineSettings()) });
}
