using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;


namespace Plimsoll.Tests.Simulation;

static class TestDeployments
{
    /// <summary>A small dense model on an imaginary accelerator of round numbers.</summary>
    public static Deployment Small { get; } = new()
    {
        Model = new ModelSpec
        {
            Name = "small",
            Family = "llama",
            Layers = 32,
            Hidden = 4096,
            Vocabulary = 128_256,
            TiedEmbeddings = false,
            MaxContext = 131_072,
            Parameters = 8_030_000_000,
            ActiveParameters = 8_030_000_000,
            Source = "test",
            AsOf = "2026-01",
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Grouped,
                Heads = 32,
                KvHeads = 8,
                HeadDim = 128,
                ValueHeadDim = 128,
                FullLayers = 32,
            },
            FeedForward = new FeedForwardSpec { Intermediate = 14_336, DenseLayers = 32 },
        },
        Accelerator = new AcceleratorSpec
        {
            Name = "round",
            Key = "round",
            Vendor = "test",
            Bf16Tflops = 1000,
            MemoryGb = 80,
            MemoryGbPerSecond = 3000,
            ScaleUpGbPerSecond = 450,
            ScaleUpWorld = 8,
            Launch = "2026-01",
            Source = "test",
        },
    };
}
