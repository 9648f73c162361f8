using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Plimsoll.Engine.Drafting;

/// <summary>
/// Guesses how an answer goes on from what was written before: the longest run of tokens that the text
/// ends with, looked for in the text itself and then in the tenant's earlier answers. A tenant's text is
/// never another's guess.
/// </summary>
public sealed class Drafter
{
    const int LongestRun = 8;
    const int ShortestRun = 2;
    const int MostRemembered = 1 << 16;

    readonly Dictionary<string, List<int>> _byTenant = new(StringComparer.Ordinal);

    /// <summary>Chance that a guessed token is right, from those so far; recent ones count more.</summary>
    public double Acceptance { get; private set; } = 0.5;

    /// <summary>At most so many tokens that may follow; null when nothing is known.</summary>
    public int[]? Guess(string tenant, List<int> tokens, int most)
    {
        var text = CollectionsMarshal.AsSpan(tokens);
        if (After(text, text[..^1], most) is { } own)
            return own;
        return _byTenant.TryGetValue(tenant, out var past)
            ? After(text, CollectionsMarshal.AsSpan(past), most) : null;
    }

    /// <summary>Learns how many guesses of one answer were right.</summary>
    public void Learn(int guessed, int accepted)
    {
        for (var i = 0; i < Math.Min(guessed, accepted + 1); i++)
            Acceptance += 0.02 * ((i < accepted ? 1 : 0) - Acceptance);
    }

    /// <summary>Keeps a finished text for the tenant's next ones.</summary>
    public void Remember(string tenant, ReadOnlySpan<int> tokens)
    {
        if (!_byTenant.TryGetValue(tenant, out var past))
            _byTenant[tenant] = past = [];
        past.AddRange(tokens.Length > MostRemembered ? tokens[^MostRemembered..] : tokens);
        // A token that no vocabulary has keeps one text from running into the next.
        past.Add(-1);
        if (past.Count > 2 * MostRemembered)
            past.RemoveRange(0, past.Count - MostRemembered);
    }

    static int[]? After(ReadOnlySpan<int> text, ReadOnlySpan<int> corpus, int most)
    {
        for (var run = Math.Min(LongestRun, text.Length - 1); run >= ShortestRun; run--)
        {
            var at = corpus.LastIndexOf(text[^run..]);
            if (at < 0 || at + run >= corpus.Length)
                continue;
            var next = corpus[(at + run)..];
            next = next[..Math.Min(most, next.Length)];
            var end = next.IndexOf(-1);
            if (end >= 0)
                next = next[..end];
            if (next.Length > 0)
                return next.ToArray();
        }
        return null;
    }
}
