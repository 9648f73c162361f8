using System;
using System.Collections.Generic;

namespace Plimsoll.Engine.Simulated;

/// <summary>
/// The words of one simulated answer: drawn from a small lexicon by the answer's hash, or an instance of the
/// JSON schema that was asked for. Each word is one token of <see cref="SimulatedCodec"/>, so an answer put
/// back into a prompt has the tokens it had.
/// </summary>
sealed class SimulatedWords
{
    static readonly string[] _lexicon =
    [
        " ship", " load", " line", " tide", " keel", " deck", " mast", " sail", " rope", " port", " sea",
            " wave",
        " wind", " hull", " crew", " bell", " dock", " quay", " ebb", " the", " a", " of", " and", " to",
            " in",
        " is", " was", " that", " for", " with", " as", " by", " from", " at", " on", " light", " water",
            " cargo",
        " north", " south", " east", " west", " depth", " mark", " salt", " fresh", " heavy", " calm",
            " storm",
    ];

    static readonly int[] _tokens = Encode();
    readonly ulong _hash;
    readonly int[]? _fixed;

    /// <param name="hash">Names the answer.</param>
    /// <param name="fixedTokens">The whole answer where its content is given; null for words.</param>
    /// <param name="endReason">What ends it.</param>
    public SimulatedWords(ulong hash, int[]? fixedTokens, FinishReason endReason)
    {
        _hash = hash;
        _fixed = fixedTokens;
        EndReason = endReason;
    }

    public FinishReason EndReason { get; }

    public int TokenAt(int index) => _fixed is not null
        ? _fixed[index]
        : _tokens[Mixing.Mix(_hash, (ulong)index) % (ulong)_tokens.Length];

    public string TextOf(int token, int index)
    {
        var text = Decode(token);
        return index == 0 && _fixed is null ? text.TrimStart() : text;
    }

    public static float LogprobOf(int token) =>
        (float)(-0.05 - (1.5 * Mixing.Unit(Mixing.Mix(7, (ulong)token))));

    public IReadOnlyList<TokenLogprob> Alternatives(int token, int most)
    {
        var list = new List<TokenLogprob> { new(token, Decode(token), LogprobOf(token)) };
        for (var i = 1; i < most; i++)
        {
            var other = _tokens[Mixing.Mix((ulong)token, (ulong)i) % (ulong)_tokens.Length];
            list.Add(new TokenLogprob(other, Decode(other), LogprobOf(token) - i));
        }
        return list;
    }

    static string Decode(int token) => new SimulatedCodec().Decode([token]);

    static int[] Encode()
    {
        var codec = new SimulatedCodec();
        var tokens = new int[_lexicon.Length];
        for (var i = 0; i < tokens.Length; i++)
        {
            var encoded = codec.Encode(_lexicon[i], addSpecial: false);
            tokens[i] = encoded.Length == 1
                ? encoded[0]
                : throw new InvalidOperationException($"'{_lexicon[i]}' is not one token.");
        }
        return tokens;
    }
}
