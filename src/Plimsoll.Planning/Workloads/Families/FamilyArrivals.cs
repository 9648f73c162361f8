namespace Plimsoll.Planning.Workloads.Families;

/// <summary>An open stream drawn from a family; nothing is allocated per request but the keys of new content.</summary>
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
        var prompt = _lengths.NextPrompt();
        _prefixes?.Settle(ref prompt);
        arrival = new Arrival
        {
            AtNs = _nextNs,
            PromptTokens = prompt.Tokens,
            OutputTokens = _lengths.NextAnswer(prompt),
            PrefixKeys = prompt.Keys,
            Session = -1,
        };
        if (--_left > 0 && _clock is not null)
            _nextNs = _clock.NextNs();
    }

    public void Finished(int session, long nowNs)
    {
    }
}
