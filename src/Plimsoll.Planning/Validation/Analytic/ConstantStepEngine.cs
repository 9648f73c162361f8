using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;


namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>
/// An engine whose every step takes the same time, whatever is in it: the host's time hides a small model on
/// an accelerator far too fast for it. With it the real simulator is a textbook queue. A prompt of one token
/// takes one step and gives the first token, so an answer of k tokens occupies one of
/// <c>max_num_seqs</c> places for exactly k steps, and TTFT less one step is the time spent waiting.
/// </summary>
static class ConstantStepEngine
{
    public const long StepNs = 1_000_000;

    public static StepTimeModel StepTime { get; } = new(
        new Deployment { Model = Model, Accelerator = Accelerator },
        EfficiencyCurves.Datasheet(Accelerator, "vllm"),
        EngineCatalogue.Of(new EngineSettings()) with
        {
            Overhead = new EngineOverheadSpec
            {
                Source = "a queue of theory",
                AsOf = "2026-01",
                Overlaps = true,
                StepsAhead = 0,
                StepNs = StepNs,
                SequenceNs = 0,
                TokenNs = 0,
                ExposedNs = 0,
                ExposedSequenceNs = 0,
                GraphGapNs = 0,
                LaunchNs = 0,
                GraphTokens = 512,
                RequestNs = 0,
            },
        });

    /// <summary>Room for <paramref name="places"/> requests at a time and for any length of answer.</summary>
    public static SchedulerOptions Limits(int places) => new()
    {
        MaxNumSeqs = places,
        MaxNumBatchedTokens = 8192,
        NumBlocks = 1 << 20,
    };

    static ModelSpec Model => new()
    {
        Name = "one layer",
        Family = "llama",
        Layers = 1,
        Hidden = 128,
        Vocabulary = 128,
        TiedEmbeddings = true,
        MaxContext = int.MaxValue,
        Parameters = 1_000_000,
        ActiveParameters = 1_000_000,
        Source = "a queue of theory",
        AsOf = "2026-01",
        Attention = new AttentionSpec
        {
            Form = AttentionForm.Grouped,
            Heads = 1,
            KvHeads = 1,
            HeadDim = 128,
            ValueHeadDim = 128,
            FullLayers = 1,
        },
        FeedForward = new FeedForwardSpec { Intermediate = 128, DenseLayers = 1 },
    };

    static AcceleratorSpec Accelerator => new()
    {
        Name = "too fast to matter",
        Key = "analytic",
        Vendor = "none",
        Bf16Tflops = 1e6,
        MemoryGb = 80,
        MemoryGbPerSecond = 1e6,
        ScaleUpGbPerSecond = 1e6,
        ScaleUpWorld = 1,
        Launch = "2026-01",
        Source = "a queue of theory",
    };
}
