using Plimsoll.Core.Hardware;


namespace Plimsoll.Core.Timing;

/// <summary>
/// How far one accelerator under one engine stays from its peaks: measured kernels as ratios over a
/// roofline, or generic ratios where nothing was measured. One file of <c>data/steptime</c>.
/// </summary>
public sealed record EfficiencyCurves
{
    /// <summary>The accelerator's <see cref="AcceleratorSpec.Key"/>.</summary>
    public required string Accelerator { get; init; }

    /// <summary>Whose kernels: <c>vllm</c> or <c>trtllm</c>.</summary>
    public required string Engine { get; init; }

    /// <summary>Version of the engine that was measured.</summary>
    public required string EngineVersion { get; init; }

    public required Tier Tier { get; init; }

    /// <summary>Tables the ratios come from: repository, licence, framework and version.</summary>
    public required string[] Sources { get; init; }

    public required RooflineSpec Peak { get; init; }

    /// <summary>Last-level cache of the accelerator, 10⁶ bytes: what a kernel may find warm.</summary>
    public required double CacheMegabytes { get; init; }

    /// <summary>Whole steps that were timed, in place of all curves; null where kernels were.</summary>
    public MeasuredStepsSpec? Steps { get; init; }

    public required GemmCurve[] Gemm { get; init; }

    public required DecodeAttentionCurve[] DecodeAttention { get; init; }

    public required PrefillAttentionCurve[] PrefillAttention { get; init; }

    public required AllReduceCurve[] AllReduce { get; init; }

    public required MoeCurve[] Moe { get; init; }

    /// <summary>
    /// Curves for an accelerator that nobody measured: the medians over the ten measured NVIDIA and Intel
    /// cards, both engines, applied to this datasheet. Another vendor's kernels may lie further off than the
    /// measured cards do.
    /// </summary>
    public static EfficiencyCurves Datasheet(AcceleratorSpec accelerator, string engine)
    {
        var peak = RooflineSpec.Of(accelerator);
        return new EfficiencyCurves
        {
            Accelerator = accelerator.Key,
            Engine = engine,
            EngineVersion = "none measured",
            Tier = Tier.Datasheet,
            Sources = [accelerator.Source],
            Peak = peak,
            CacheMegabytes = DatasheetRatios.CacheMegabytes,
            Gemm = DatasheetRatios.Gemm(),
            DecodeAttention = [DatasheetRatios.Decode()],
            PrefillAttention = [DatasheetRatios.Prefill(peak)],
            AllReduce = DatasheetRatios.AllReduce(accelerator),
            Moe = DatasheetRatios.Moe(),
        };
    }
}
