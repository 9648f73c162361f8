using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.Drafting;

/// <summary>
/// Where a text has said before what it, or another, ends with: every place is chained to the last one
/// with the same two tokens, as compressors find matches, so that a token costs one entry and a search a few
/// steps, however long the text is.
/// </summary>
public sealed class RunIndex
{
    /// <summary>A token that no vocabulary has: no run reaches over it.</summary>
    public const int Break = -1;

    const int LongestRun = 32;
    const int MostPlaces = 64;
    const int None = -1;

    readonly List<int> _tokens = [];
    readonly List<int> _before = [];
    readonly Dictionary<(int, int), int> _last = [];

    /// <summary>Tokens of the text.</summary>
    public int Count => _tokens.Count;

    public void Add(int token)
    {
        var place = _tokens.Count;
        var before = None;
        if (place > 0 && token != Break && _tokens[^1] != Break)
        {
            ref var last = ref CollectionsMarshal.GetValueRefOrAddDefault(
                _last, (_tokens[^1], token), out var isKnown);
            before = isKnown ? last : None;
            last = place;
        }
        _tokens.Add(token);
        _before.Add(before);
    }

    /// <summary>The text has grown to this: what is new of it is added.</summary>
    public void AddRest(ReadOnlySpan<int> text)
    {
        foreach (var token in text[Count..])
            Add(token);
    }

    /// <summary>
    /// What followed where this text had said most of what it ends with, the latest of several; at most so
    /// many tokens, empty when nothing is known.
    /// </summary>
    public ReadOnlySpan<int> AfterOwnEnd(int most, out int run)
    {
        run = 0;
        return Count == 0 ? [] : After(CollectionsMarshal.AsSpan(_tokens), _before[^1], most, out run);
    }

    /// <summary>The same for another text's end.</summary>
    public ReadOnlySpan<int> After(ReadOnlySpan<int> text, int most, out int run)
    {
        run = 0;
        return text.Length >= 2 && _last.TryGetValue((text[^2], text[^1]), out var place)
            ? After(text, place, most, out run) : [];
    }

    ReadOnlySpan<int> After(ReadOnlySpan<int> text, int place, int most, out int run)
    {
        var tokens = CollectionsMarshal.AsSpan(_tokens);
        run = 0;
        var best = None;
        for (var tried = 0; place != None && tried < MostPlaces && run < LongestRun; tried++)
        {
            var common = CommonEnd(text, tokens[..(place + 1)]);
            if (common > run && place + 1 < tokens.Length && tokens[place + 1] != Break)
                (run, best) = (common, place);
            place = _before[place];
        }
        if (best == None)
            return [];
        var next = tokens.Slice(best + 1, Math.Min(most, tokens.Length - best - 1));
        var end = next.IndexOf(Break);
        return end < 0 ? next : next[..end];
    }

    static int CommonEnd(ReadOnlySpan<int> text, ReadOnlySpan<int> other)
    {
        var most = Math.Min(LongestRun, Math.Min(text.Length, other.Length));
        var common = 0;
        while (common < most && text[^(common + 1)] == other[^(common + 1)])
            common++;
        return common;
    }
}
