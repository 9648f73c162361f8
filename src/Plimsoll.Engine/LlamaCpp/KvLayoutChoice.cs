using System;
using Plimsoll.Core;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A layout of the KV, and why this one.</summary>
/// <param name="Why">What speaks for it, for whoever reads the start line.</param>
public readonly record struct KvLayoutChoice(KvLayout Layout, string Why)
{
    /// <summary>What a configuration may say; the first leaves it to what the rest of it says.</summary>
    public static Choices<KvLayout?> Choices { get; } =
        new(("auto", null), ("unified", KvLayout.Unified), ("split", KvLayout.Split));

    /// <summary>
    /// By what the configuration says of the work. Unified attention reads the cells of everybody who runs,
    /// split attention a sequence's own; but a stream is copied whole to share a beginning of it, and a
    /// sequence never has more than its own stream. So split is for work that shares nothing and of which
    /// the longest fits.
    /// </summary>
    /// <param name="options">The configuration.</param>
    /// <param name="trainedContext">Longest context of the model, tokens.</param>
    public static KvLayoutChoice Of(LlamaOptions options, int trainedContext)
    {
        if (options.Layout is { } asked)
            return new(asked, "as it was asked for");
        if (options.Limits.PrefixBlockTokens > 0)
            return new(KvLayout.Unified, "beginnings are shared, which takes no copy in it");
        var cells = (long)options.Limits.NumBlocks * options.Limits.BlockSize;
        var stream = cells / options.Limits.MaxNumSeqs;
        var longest = Math.Min(cells, Math.Min(options.MaxModelTokens ?? trainedContext, trainedContext));
        return stream >= longest
            ? new(KvLayout.Split, $"nothing is shared, and each of {options.Limits.MaxNumSeqs} sequences has "
                + $"cells for the longest request, {longest} tokens")
            : new(KvLayout.Unified, $"a sequence's part of the cells would be {stream} tokens, the longest "
                + $"request has {longest}");
    }
}
