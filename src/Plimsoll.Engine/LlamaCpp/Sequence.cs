using System;
using System.Collections.Generic;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine.Drafting;
using Plimsoll.Engine.Sampling;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>One request on the engine's thread.</summary>
sealed class Sequence : IDisposable
{
    public required EngineRequest Request
    {
        get;
        init
        {
            field = value;
            IgnoresEnd = value.IgnoreEos;
            MostAnswerTokens = value.MaxOutputTokens;
            PromptLength = value.Prompt.Length;
            LedgerId = value.LedgerId;
            HasImages = value.Images.Count > 0;
            IsPlain = value.Stop.Count == 0 && value.Format is null && !value.Sampling.Remembers;
        }
    }

    public required Answer Answer { get; init; }

    public required TokenSampler Sampler { get; init; }

    public required TextStream Text { get; init; }

    public required StopScanner Stops { get; init; }

    public GrammarGuard? Grammar { get; init; }

    /// <summary>Its hold on the adapter that computes it; null for the base model.</summary>
    public AdapterLease? Lease { get; init; }

    public LlamaAdapter? Adapter => Lease?.Adapter;

    public ReadOnlyMemory<ulong> Keys { get; init; }

    /// <summary>Its name in the scheduler.</summary>
    public RequestId Id { get; set; }

    /// <summary>Prompt, and the answer so far.</summary>
    public List<int> Tokens { get; } = [];

    /// <summary>Where the text repeats itself; null until guesses are looked for in it.</summary>
    public RunIndex? Runs { get; set; }

    /// <summary>libllama's sequence; negative while it has no KV.</summary>
    public int Kv { get; set; } = KvStore.None;

    /// <summary>Tokens whose KV is in that sequence.</summary>
    public int KvTokens { get; set; }

    /// <summary>KV kept outside while it waits.</summary>
    public byte[]? Swapped { get; set; }

    public bool IsDecoding { get; set; }

    public int Cohort { get; set; }

    /// <summary>Most tokens whose KV ever existed: what is computed again below it was lost.</summary>
    public int ReachedTokens { get; set; }

    public int CachedTokens { get; set; }

    /// <summary>Tokens of the answer.</summary>
    public int Emitted => Tokens.Count - PromptLength;

    // What every token of every step asks, here and not behind it: between two steps libllama has swept the
    // caches, and each object that is visited is a miss.

    /// <summary>Whether a token changes nothing but the text: no stops, penalties or grammar.</summary>
    public bool IsPlain { get; private init; }

    public bool IgnoresEnd { get; private init; }

    public int MostAnswerTokens { get; private init; }

    public int PromptLength { get; private init; }

    public long LedgerId { get; private init; }

    public bool HasImages { get; private init; }

    /// <summary>Of the step in flight: whether its work was cut short.</summary>
    public bool StepAborted { get; set; }

    /// <summary>Of the step in flight: guesses that came true.</summary>
    public int StepAccepted { get; set; }

    /// <summary>Of the step in flight: a token of it was drawn, and whether it ended the answer.</summary>
    public bool StepDrew { get; set; }

    public bool StepFinished { get; set; }

    /// <summary>Set once the answer has ended.</summary>
    public bool IsDone { get; set; }

    /// <summary>The image that the token at a place is of; null for one of text.</summary>
    public ProjectedImage? ImageAt(int place)
    {
        foreach (var image in Request.Images)
        {
            if (place >= image.Start && place < image.End)
                return (ProjectedImage)image;
        }
        return null;
    }

    /// <summary>What a token adds to a text that nothing is looked for in, the end's rest with it.</summary>
    public string TextOf(int token, FinishReason finish)
    {
        var text = finish == FinishReason.Stop ? "" : Text.Add(token);
        return finish == FinishReason.None ? text : text + Text.Flush();
    }

    public void Dispose() => Lease?.Dispose();
}
