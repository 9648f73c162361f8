using Plimsoll.Core.Models;


namespace Plimsoll.Core.Hardware;

/// <summary>
/// One replica: a model at a precision on accelerators in parallel, under engine settings. Tensor ×
/// pipeline accelerators make one engine rank; data parallelism adds ranks that share experts when
/// <see cref="ExpertParallel"/> exceeds one.
/// </summary>
public sealed record Deployment
{
    public required ModelSpec Model { get; init; }

    public required AcceleratorSpec Accelerator { get; init; }

    public int TensorParallel { get; init; } = 1;

    public int PipelineParallel { get; init; } = 1;

    public int ExpertParallel { get; init; } = 1;

    public int DataParallel { get; init; } = 1;

    public NumberFormat Weights { get; init; } = NumberFormat.Bf16;

    public NumberFormat Kv { get; init; } = NumberFormat.Bf16;

    /// <summary>
    /// How unevenly tokens choose their experts: the exponent of the power law of their shares; 0 is
    /// balanced.
    /// </summary>
    public double ExpertSkew { get; init; } = FittedExpertSkew;

    /// <summary>The routing that kernel tables are distilled under.</summary>
    public const double FittedExpertSkew = 1.01;

    public const double MostExpertSkew = 1.2;

    public EngineSettings Engine { get; init; } = new();

    /// <summary>Whether data-parallel ranks exchange tokens among experts, and so step together.</summary>
    public bool SharesExperts =>
        DataParallel > 1 && ExpertParallel > 1 && Model.FeedForward.MoeLayers > 0;

    /// <summary>Accelerators in one replica.</summary>
    public int Accelerators => TensorParallel * PipelineParallel * DataParallel;
}
