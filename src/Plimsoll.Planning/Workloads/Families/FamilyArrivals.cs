using System;

namespace Plimsoll.Planning.Workloads.Families;

/// <summary>An open stream drawn from a family; nothing is allocated per request.</summary>
sealed class FamilyArrivals : IArrivalSource
{
    readonly LgcpClock? _clock;
    readonly LengthDraws _lengths;
    readonly PrefixDraws? _prefixes;
    long _left;
    long _nextNs;

    /// <param name="clock">Null when every request is there from the start.</param>
    public FamilyArrivals(FamilySpec spec, LgcpClock? clock, long requests, ulong seed)
    {
        _clock = clock;
        _lengths = new LengthDraws(spec, seed);
        _prefixes = spec.Prefix is { } prefix ? new PrefixDraws(prefix, seed) : null;
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
        _lengths.Next(out var prompt, out var output);
        arrival = new Arrival
        {
            AtNs = _nextNs,
            PromptTokens = prompt,
            OutputTokens = output,
            PrefixKeys = _prefixes is null ? ReadOnlyMemory<ulong>.Empty : _prefixes.Next(prompt),
            Session = -1,
        };
        if (--_left > 0 && _clock is not null)
            _nextNs = _clock.NextNs();
    }

    public void Finished(int session, long nowNs)
    {
    }
}
