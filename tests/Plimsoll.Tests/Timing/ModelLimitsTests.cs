using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

public sealed class ModelLimitsTests
{
    static readonly Deployment Llama70BOnH100 = new()
    {
        Model = TestModels.Llama70B,
        Accelerator = TestModels.H100,
        TensorParallel = 4,
    };

    [Fact]
    public void A_prompt_costs_its_flops_at_peak()
    {
        var ns = ModelLimits.FloorNsPerRequest(Llama70BOnH100, 1000, 0, 1);
        // 2 × (70.55 G − 2.1 G) × 1,000 FLOPs over 4 × 989 TFLOP/s, and a little attention.
        ns.ShouldBeInRange(34.6e6, 35.5e6);
    }

    [Fact]
    public void Cached_tokens_cost_nothing_but_attention()
    {
        var whole = ModelLimits.FloorNsPerRequest(Llama70BOnH100, 4000, 0, 1);
        var half = ModelLimits.FloorNsPerRequest(Llama70BOnH100, 4000, 2000, 1);
        (half / whole).ShouldBeInRange(0.5, 0.52);
    }

    [Fact]
    public void Long_contexts_are_bound_by_reading_their_kv()
    {
        var ns = ModelLimits.FloorNsPerRequest(Llama70BOnH100, 100_000, 100_000, 101);
        // 100 decodes × about 100,050 tokens × 327,680 bytes over 4 × 3,350 GB/s.
        ns.ShouldBe(100 * 100_050 * 327_680.0 / (4 * 3350), 1e6);
    }
}
