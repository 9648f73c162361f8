using System;
using Plimsoll.Core.Draws;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// An open stream drawn from a family; nothing is allocated per request but the keys of new content.
/// </summary>
sealed class FamilyArrivals : IArrivalSource
{
    readonly LgcpClock? _clock;
    readonly LengthDraws _lengths;
    readonly PrefixDraws? _prefixes;
    readonly LevelDraws? _levels;
    readonly double _elsewhere;
    RandomStream _routing;
    long _left;
    long _nextNs;

    /// <summary>
    /// Content seen elsewhere is followed for at most this many requests between two of our own: what is
    /// rarer than that is hardly ever come back to.
    /// </summary>
    const double MostElsewhere = 0.98;

    /// <param name="spec">The family.</param>
    /// <param name="clock">Null when every request is there from the start.</param>
    /// <param name="shareOfTraffic">Rate over the family's own, at most 1. Who sees a part of the
    /// traffic sees a part of the reuse: the other requests bring content and come back to it out of
    /// our sight.</param>
    /// <param name="requests">Requests to draw.</param>
    /// <param name="seed">Seed of all draws.</param>
    public FamilyArrivals(FamilySpec spec, LgcpClock? clock, double shareOfTraffic, long requests, ulong seed)
    {
        _elsewhere = spec.Prefix is null ? 0 : Math.Clamp(1 - shareOfTraffic, 0, MostElsewhere);
        _routing = new RandomStream(seed, purpose: 7);
        _clock = clock;
        _lengths = new LengthDraws(spec, seed);
        _prefixes = spec.Prefix is { } prefix ? new PrefixDraws(prefix, seed) : null;
        _levels = spec.Levels is { } levels ? new LevelDraws(levels, seed) : null;
        PrefixBlockTokens = spec.Prefix?.BlockTokens ?? 0;
        _left = requests;
        _nextNs = clock?.NextNs() ?? 0;
    }

    public int PrefixBlockTokens { get; }

    public bool TryPeek(out long atNs)
    {
        atNs = _nextNs;
        return _left > 0;
    }

    public void Take(out Arrival arrival)
    {
        var prompt = NextPrompt();
        while (_elsewhere > 0 && _routing.NextDouble() < _elsewhere)
            prompt = NextPrompt();
        arrival = new Arrival
        {
            AtNs = _nextNs,
            PromptTokens = prompt.Tokens,
            OutputTokens = _lengths.NextAnswer(prompt),
            PrefixKeys = prompt.Keys,
            Images = prompt.Images,
            ImageTokens = prompt.ImageTokens,
            Level = _levels?.Next() ?? 0,
            Session = -1,
        };
        if (--_left > 0 && _clock is not null)
            _nextNs = _clock.NextNs();
    }

    PromptContent NextPrompt()
    {
        var prompt = _lengths.NextPrompt();
        _prefixes?.Settle(ref prompt);
        return prompt;
    }

    public void Finished(int session, long nowNs)
    {
    }
}
