using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;


namespace Plimsoll.Tests.Timing;

/// <summary>Architectures and accelerators as their makers publish them, for tests of step time.</summary>
static class TestModels
{
    public static ModelSpec Llama8B { get; } =
        Dense("Llama-3.1-8B", "llama", 32, 4096, 128_256, 32, 8, 128, 14_336, 8_030_261_248);

    public static ModelSpec Llama70B { get; } =
        Dense("Llama-3.1-70B", "llama", 80, 8192, 128_256, 64, 8, 128, 28_672, 70_553_706_496);

    public static ModelSpec Qwen32B { get; } =
        Dense("Qwen3-32B", "qwen3", 64, 5120, 151_936, 64, 8, 128, 25_600, 32_762_123_264);

    public static ModelSpec Qwen30BA3B { get; } =
        Dense("Qwen3-30B-A3B", "qwen3_moe", 48, 2048, 151_936, 32, 4, 128, 0, 30_532_122_624) with
        {
            ActiveParameters = 3_345_000_000,
            FeedForward = new FeedForwardSpec
            {
                Intermediate = 0,
                DenseLayers = 0,
                MoeLayers = 48,
                Experts = 128,
                ExpertsPerToken = 8,
                ExpertIntermediate = 768,
            },
        };

    public static ModelSpec DeepSeekV3 { get; } =
        Dense("DeepSeek-V3", "deepseek_v3", 61, 7168, 129_280, 128, 1, 192, 18_432, 671_026_419_200) with
        {
            ActiveParameters = 37_550_000_000,
            NativeWeights = NumberFormat.Fp8,
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Latent,
                Heads = 128,
                KvHeads = 1,
                HeadDim = 192,
                ValueHeadDim = 128,
                FullLayers = 61,
                KvLoraRank = 512,
                QueryLoraRank = 1536,
                RopeHeadDim = 64,
                NopeHeadDim = 128,
            },
            FeedForward = new FeedForwardSpec
            {
                Intermediate = 18_432,
                DenseLayers = 3,
                MoeLayers = 58,
                Experts = 256,
                ExpertsPerToken = 8,
                ExpertIntermediate = 2048,
                SharedIntermediate = 2048,
            },
        };

    public static ModelSpec GptOss120B { get; } =
        Dense("gpt-oss-120b", "gpt_oss", 36, 2880, 201_088, 64, 8, 64, 0, 116_829_156_672) with
        {
            ActiveParameters = 5_130_000_000,
            NativeWeights = NumberFormat.Fp4,
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Grouped,
                Heads = 64,
                KvHeads = 8,
                HeadDim = 64,
                ValueHeadDim = 64,
                FullLayers = 18,
                WindowLayers = 18,
                WindowTokens = 128,
            },
            FeedForward = new FeedForwardSpec
            {
                Intermediate = 0,
                DenseLayers = 0,
                MoeLayers = 36,
                Experts = 128,
                ExpertsPerToken = 4,
                ExpertIntermediate = 2880,
            },
        };

    public static AcceleratorSpec H100 { get; } =
        Card("H100 SXM", "h100_sxm", 989, 1979, null, 80, 3350, 450);

    public static AcceleratorSpec B200 { get; } =
        Card("B200 SXM", "b200_sxm", 2250, 4500, 9000, 180, 8000, 900);

    public static AcceleratorSpec RtxPro6000 { get; } =
        Card("RTX PRO 6000 Server", "rtx_pro_6000_server", 467.8, 935.6, 1871.2, 96, 1792, 64);

    public static AcceleratorSpec Mi300X { get; } =
        Card("MI300X", "mi300x", 1307, 2615, null, 192, 5300, 448);

    public static ModelSpec Dense(
        string name, string family, int layers, int hidden, int vocabulary, int heads, int kvHeads,
        int headDim, int intermediate, long parameters) => new()
        {
            Name = name,
            Family = family,
            NormalisesQueries = family is "qwen3" or "qwen3_moe",
            BlockScaledFp8 = family is "qwen3" or "qwen3_moe",
            Layers = layers,
            Hidden = hidden,
            Vocabulary = vocabulary,
            TiedEmbeddings = false,
            Attention = new AttentionSpec
            {
                Form = AttentionForm.Grouped,
                Heads = heads,
                KvHeads = kvHeads,
                HeadDim = headDim,
                ValueHeadDim = headDim,
                FullLayers = layers,
            },
            FeedForward = new FeedForwardSpec { Intermediate = intermediate, DenseLayers = layers },
            MaxContext = 131_072,
            Parameters = parameters,
            ActiveParameters = parameters,
            Source = "the model's config.json",
            AsOf = "2025",
        };

    static AcceleratorSpec Card(
        string name, string key, double bf16, double fp8, double? fp4, double memoryGb, double bandwidth,
        double link) =>
        new()
        {
            Name = name,
            Key = key,
            Vendor = "any",
            Bf16Tflops = bf16,
            Fp8Tflops = fp8,
            Fp4Tflops = fp4,
            MemoryGb = memoryGb,
            MemoryGbPerSecond = bandwidth,
            ScaleUpGbPerSecond = link,
            ScaleUpWorld = 8,
            Launch = "2024",
            Source = "datasheet",
        };
}
