using System;
using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Bench.Prompts;

/// <summary>
/// Words that prompts are made of, each with its space before it, and how many tokens they make: with
/// most tokenizers a common word is one token, so a prompt of n tokens is n words less the chat
/// template's own tokens.
/// </summary>
public sealed class Vocabulary
{
    /// <summary>Fewer words than this would make blocks of text repeat by chance.</summary>
    public const int FewestWords = 64;

    const string Common =
        "time year people way day man thing woman life child world school state family student group country "
        + "problem hand part place case week company system program question work government number night "
        + "point home water room mother area money story fact month lot right study book eye job word "
        + "business issue side kind head house service friend father power hour game line end member law car "
        + "city community name president team minute idea kid body information back parent face others level "
        + "office door health person art war history party result change morning reason research girl guy "
        + "moment air teacher force education foot boy age policy music market sense nation plan college "
        + "interest death experience effect use class control field development role effort rate heart drug "
        + "show leader light voice wife police mind price report decision son view relationship town road "
        + "arm difference value building action season society tax director position player record paper "
        + "space ground form event official matter center couple site project activity star table need court "
        + "oil situation cost industry figure street image phone data picture practice piece land product "
        + "doctor wall patient worker news test movie north love support technology step baby computer type "
        + "attention film tree source hair window culture chance brother energy period course summer plant "
        + "opportunity term letter condition choice rule south floor campaign material population call "
        + "economy hospital church risk fire future bank west sport board subject officer rest behavior "
        + "performance fight top goal second bed order author blood agency nature color store sound movement";

    readonly byte[][] _words;

    Vocabulary(byte[][] words, double tokensPerWord, int overheadTokens, string basis, bool isExact)
    {
        _words = words;
        (TokensPerWord, OverheadTokens, Basis, IsExact) = (tokensPerWord, overheadTokens, basis, isExact);
    }

    /// <summary>Candidates, before anyone has counted their tokens.</summary>
    public static IReadOnlyList<string> Candidates { get; } = Common.Split(' ');

    /// <summary>1 unless the words could only be calibrated as a whole.</summary>
    public double TokensPerWord { get; }

    /// <summary>Tokens of every prompt that are not its text: the chat template's, a start mark.</summary>
    public int OverheadTokens { get; }

    /// <summary>How lengths came to be known, for people.</summary>
    public string Basis { get; }

    /// <summary>Whether a prompt has exactly the tokens asked for.</summary>
    public bool IsExact { get; }

    /// <summary>Words of which each is one token.</summary>
    public static Vocabulary Exact(IEnumerable<string> words, int overheadTokens, string basis) =>
        new(Encode(words), 1, overheadTokens, basis, isExact: true);

    /// <summary>All candidates, at a measured mean.</summary>
    public static Vocabulary Calibrated(double tokensPerWord, int overheadTokens, string basis) =>
        new(Encode(Candidates), tokensPerWord, overheadTokens, basis, isExact: false);

    /// <summary>Words for a prompt of so many tokens; at least one.</summary>
    public int WordsFor(int tokens) =>
        Math.Max(1, (int)Math.Round((tokens - OverheadTokens) / TokensPerWord));

    /// <summary>A word by any number: the same number is the same word.</summary>
    public ReadOnlySpan<byte> Word(ulong number) =>
        _words[(int)Math.BigMul(number, (ulong)_words.Length, out _)];

    /// <summary>Bytes of the longest word.</summary>
    public int LongestWord
    {
        get
        {
            var most = 0;
            foreach (var word in _words)
                most = Math.Max(most, word.Length);
            return most;
        }
    }

    static byte[][] Encode(IEnumerable<string> words)
    {
        var encoded = new List<byte[]>();
        foreach (var word in words)
            encoded.Add(Encoding.UTF8.GetBytes(" " + word));
        return [.. encoded];
    }
}
