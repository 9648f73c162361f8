using System;
using System.Collections.Generic;

namespace Plimsoll.Engine.Drafting;

/// <summary>
/// Guesses how an answer goes on from what was written before: the longest run of tokens that the text
/// ends with, looked for in the text itself and in the tenant's earlier answers. A tenant's text is never
/// another's guess.
/// </summary>
public sealed class Drafter
{
    /// <summary>Tokens of one of the two halves of a tenant's memory: the older is dropped whole.</summary>
    const int HalfTokens = 1 << 16;

    const int MostTenants = 64;

    sealed class Past
    {
        public RunIndex Newer = new();
        public RunIndex Older = new();
        public long UsedAt;
    }

    readonly Dictionary<string, Past> _byTenant = new(StringComparer.Ordinal);
    long _uses;

    /// <summary>At most so many tokens that may follow; empty when nothing is known.</summary>
    /// <param name="own">The text itself, indexed up to its end.</param>
    /// <param name="text">The same as tokens.</param>
    public ReadOnlySpan<int> Guess(string tenant, RunIndex own, ReadOnlySpan<int> text, int most)
    {
        var best = own.AfterOwnEnd(most, out var longest);
        if (!_byTenant.TryGetValue(tenant, out var past))
            return best;
        past.UsedAt = ++_uses;
        foreach (var index in (ReadOnlySpan<RunIndex>)[past.Newer, past.Older])
        {
            var guess = index.After(text, most, out var run);
            if (run <= longest)
                continue;
            best = guess;
            longest = run;
        }
        return best;
    }

    /// <summary>Keeps a finished text for the tenant's next ones.</summary>
    public void Remember(string tenant, ReadOnlySpan<int> tokens)
    {
        if (!_byTenant.TryGetValue(tenant, out var past))
        {
            if (_byTenant.Count == MostTenants)
                ForgetOldest();
            _byTenant[tenant] = past = new Past();
        }
        past.UsedAt = ++_uses;
        foreach (var token in tokens.Length > HalfTokens ? tokens[^HalfTokens..] : tokens)
            past.Newer.Add(token);
        past.Newer.Add(RunIndex.Break);
        if (past.Newer.Count > HalfTokens)
            (past.Newer, past.Older) = (new RunIndex(), past.Newer);
    }

    void ForgetOldest()
    {
        var (oldest, usedAt) = ("", long.MaxValue);
        foreach (var (tenant, past) in _byTenant)
        {
            if (past.UsedAt < usedAt)
                (oldest, usedAt) = (tenant, past.UsedAt);
        }
        _byTenant.Remove(oldest);
    }
}
