namespace Plimsoll.Core.Models;

/// <summary>The encoder that turns images into prompt tokens, as far as its time and memory go.</summary>
public sealed record VisionSpec
{
    /// <summary>How the size of an image decides its tokens and its patches.</summary>
    public required ImageRule Rule { get; init; }

    public required int Layers { get; init; }

    /// <summary>Layers that attend to all patches of a sequence; the others to a window.</summary>
    public required int FullLayers { get; init; }

    /// <summary>Patches of a window; 0 where every layer is full.</summary>
    public int WindowPatches { get; init; }

    public required int Hidden { get; init; }

    public required int Intermediate { get; init; }

    public bool Gated { get; init; }

    /// <summary>Parameters of the encoder itself.</summary>
    public required long Parameters { get; init; }

    /// <summary>Parameters between encoder and language model, visited once per token of an image.</summary>
    public required long ProjectorParameters { get; init; }
}

/// <summary>An image's sides, pixels.</summary>
public readonly record struct ImageSize(int Width, int Height);

/// <summary>What one image costs a model.</summary>
/// <param name="Tokens">Prompt tokens.</param>
/// <param name="Sequences">Tiles that the encoder attends within.</param>
/// <param name="PatchesPerSequence">Patches of each.</param>
public readonly record struct ImageCost(int Tokens, int Sequences, int PatchesPerSequence)
{
    public long Patches => (long)Sequences * PatchesPerSequence;

    /// <summary>Pairs of patches that a full layer attends over.</summary>
    public long PatchPairs => Patches * PatchesPerSequence;
}
