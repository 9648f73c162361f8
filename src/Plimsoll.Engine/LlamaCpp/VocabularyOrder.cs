using System;
using System.Collections.Generic;

namespace Plimsoll.Engine.LlamaCpp;

/// <summary>A vocabulary's tokens by their bytes.</summary>
sealed class VocabularyOrder
{
    public VocabularyOrder(LlamaTokenizer tokenizer)
    {
        var tokens = new List<int>();
        var ends = new List<int>();
        for (var token = 0; token < tokenizer.Size; token++)
        {
            LongestBytes = Math.Max(LongestBytes, tokenizer.Bytes(token).Length);
            if (tokenizer.IsEnd(token))
                ends.Add(token);
            else if (tokenizer.Bytes(token).Length > 0)
                tokens.Add(token);
        }
        tokens.Sort((a, b) => tokenizer.Bytes(a).SequenceCompareTo(tokenizer.Bytes(b)));
        var ordered = new (int, int)[tokens.Count];
        for (var i = 0; i < ordered.Length; i++)
        {
            ordered[i] = (tokens[i], i == 0 ? 0
                : tokenizer.Bytes(tokens[i]).CommonPrefixLength(tokenizer.Bytes(tokens[i - 1])));
        }
        (Tokens, Ends) = (ordered, [.. ends]);
    }

    /// <summary>
    /// Tokens that have text and end nothing, each with how many bytes it shares with the one before.
    /// </summary>
    public (int Token, int Shared)[] Tokens { get; }

    /// <summary>Tokens that end an answer.</summary>
    public int[] Ends { get; }

    /// <summary>Bytes of the longest token.</summary>
    public int LongestBytes { get; }
}
