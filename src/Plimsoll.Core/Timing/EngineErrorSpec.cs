using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;

namespace Plimsoll.Core.Timing;

/// <summary>
/// How far runs of an engine's releases that others measured lie from the kernels tier, nothing fitted. The
/// bands come from points of InferenceMAX, vLLM 0.15's experiments and ML.ENERGY, pooled partially: the
/// release's and the kind's, and a card's and a precision's own as far as it has models of its own. They span
/// hosts and settings that nobody stated; a profile of one's own engine narrows them. <c>plimsoll
/// validate</c>, set intervals, prints them, and how often such bands hold for models on a card that are left
/// out of them.
/// </summary>
public sealed record EngineErrorSpec
{
    public required string Source { get; init; }

    public required string AsOf { get; init; }

    /// <summary>Steps of dense models.</summary>
    public required CentredBand Dense { get; init; }

    /// <summary>Steps of models with routed experts.</summary>
    public required CentredBand Experts { get; init; }

    /// <summary>
    /// A first token's error is a share of its time and of as much again: hosts that add 50 ms do so to short
    /// prompts and to long ones.
    /// </summary>
    public const double FirstTokenShiftNs = 1e8;

    /// <summary>What the error of a dense model's first token adds to that of the steps before it.</summary>
    public required CentredBand FirstToken { get; init; }

    /// <summary>The same of models with routed experts.</summary>
    public required CentredBand ExpertsFirstToken { get; init; }

    /// <summary>
    /// What a sequence costs the host, over what is predicted: hosts that hide a sequence's work at one end,
    /// at the other those of InferenceMAX that need 25 µs where 15 are predicted, and with vLLM before 0.14
    /// ML.ENERGY's that need 50.
    /// </summary>
    public required ErrorBand Sequences { get; init; }

    /// <summary>Share by which an unmeasured card may lie further off than the measured ones do.</summary>
    public required double DatasheetWidening { get; init; }

    /// <summary>Accelerators and precisions that were measured under the engine.</summary>
    public IReadOnlyList<ErrorCellSpec>? Cells { get; init; }

    /// <summary>The error of a deployment without telemetry of its own.</summary>
    public StepErrorSpec Of(Tier tier, Deployment deployment)
    {
        var experts = deployment.Model.FeedForward.MoeLayers > 0;
        var (band, first) = experts ? (Experts, ExpertsFirstToken) : (Dense, FirstToken);
        foreach (var cell in Cells ?? [])
        {
            if (cell.Accelerator == deployment.Accelerator.Key && cell.Weights == deployment.Weights
                && cell.Experts == experts)
            {
                band = cell.Step;
                first = cell.FirstToken ?? first;
            }
        }
        var error = new StepErrorSpec
        {
            Centre = band.Centre,
            Common = new ErrorBand(band.Low, band.High),
            Sequences = Sequences,
            FirstTokenCentre = first.Centre,
            FirstToken = new ErrorBand(first.Low, first.High),
            FirstTokenShiftNs = FirstTokenShiftNs,
        };
        return tier == Tier.Datasheet ? error.Widened(DatasheetWidening) : error;
    }
}

/// <summary>Median of measured over predicted, and the ends of nine tenths over that median.</summary>
public readonly record struct CentredBand(double Centre, double Low, double High);

/// <summary>
/// Steps, and where they were measured first tokens, of models of one kind on one accelerator in one
/// precision.
/// </summary>
public sealed record ErrorCellSpec(
    string Accelerator, NumberFormat Weights, bool Experts, CentredBand Step, CentredBand? FirstToken = null);
