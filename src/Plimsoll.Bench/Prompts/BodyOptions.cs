using System.Text.Json.Nodes;

namespace Plimsoll.Bench.Prompts;

/// <summary>What a user wants in every body.</summary>
public sealed record BodyOptions
{
    /// <summary>Whether answers run to the length that the load states; vLLM and its kin only.</summary>
    public bool IgnoreEos { get; init; }

    /// <summary>Members added to every body; null for none.</summary>
    public JsonObject? Extra { get; init; }

    /// <summary>Pictures before the text; 0 for none.</summary>
    public int Images { get; init; }

    public int ImageWidth { get; init; } = 512;

    public int ImageHeight { get; init; } = 512;

    /// <summary>Of the words and the pictures.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>
    /// What tells the prompts of this run from those of any other of the same seed: an engine's prefix cache,
    /// which remembers the other, must not answer this one.
    /// </summary>
    public ulong Salt { get; init; }

    /// <summary>The same for one of several runs: a rate of a sweep.</summary>
    public BodyOptions ForRun(int ordinal) =>
        this with { Salt = PromptText.Mix(Salt ^ PromptText.Mix((ulong)ordinal + 1)) };
}
