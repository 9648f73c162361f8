namespace Plimsoll.Core.Models;

/// <summary>
/// The feed-forward part of a model. Every layer is dense or a mixture of experts:
/// <c>DenseLayers + MoeLayers</c> is the model's layer count.
/// </summary>
public sealed record FeedForwardSpec
{
    /// <summary>Width of a dense layer's feed-forward; 0 when there is none.</summary>
    public required int Intermediate { get; init; }

    public required int DenseLayers { get; init; }

    /// <summary>Three matrices (gate, up, down) when true, two (up, down) when false.</summary>
    public bool Gated { get; init; } = true;

    public int MoeLayers { get; init; }

    public int Experts { get; init; }

    public int ExpertsPerToken { get; init; }

    /// <summary>Width of one routed expert.</summary>
    public int ExpertIntermediate { get; init; }

    /// <summary>Width of the experts that every token visits, all together; 0 when there are none.</summary>
    public int SharedIntermediate { get; init; }
}
