using System;

namespace Plimsoll.Bench.Wire;

/// <summary>
/// One request and what became of it. Times are nanoseconds of the run's own clock, 0 where nothing happened.
/// Records are reused; whoever keeps one beyond the end of its request copies it.
/// </summary>
public sealed class RequestRecord
{
    const int FirstArrivals = 64;

    /// <summary>Room that is kept for the next request; what one endless answer took is given back.</summary>
    const int MostKeptArrivals = 1 << 14;

    TokenArrival[] _arrivals = new TokenArrival[FirstArrivals];

    /// <summary>Its place among the requests of the run.</summary>
    public long Index { get; set; }

    /// <summary>Place of its level among the levels of the run.</summary>
    public int Level { get; set; }

    /// <summary>The session that waits for the answer; negative when nobody does.</summary>
    public int Session { get; set; }

    /// <summary>When it should have been sent.</summary>
    public long ScheduledNs { get; set; }

    /// <summary>When this client began to send it.</summary>
    public long DispatchedNs { get; set; }

    /// <summary>
    /// Whether the limit on requests in flight was reached when it was due: that it was sent later is then no
    /// lateness of the client's.
    /// </summary>
    public bool HeldBack { get; set; }

    /// <summary>When its last byte was written to the socket; making a new connection is in it.</summary>
    public long SentNs { get; set; }

    public long FirstTokenNs { get; set; }

    public long LastTokenNs { get; set; }

    public long EndNs { get; set; }

    /// <summary>Prompt tokens asked for, replaced by what the endpoint counted.</summary>
    public int PromptTokens { get; set; }

    /// <summary>What the load said the prompt should have.</summary>
    public int AskedPromptTokens { get; set; }

    /// <summary>What the load said the answer should have at most.</summary>
    public int AskedOutputTokens { get; set; }

    /// <summary>Tokens of the answer.</summary>
    public int OutputTokens { get; set; }

    public int CachedTokens { get; set; }

    /// <summary>Whether the endpoint said how many were cached; else their number is not known.</summary>
    public bool SaysCached { get; set; }

    /// <summary>
    /// Share of the prompt that an earlier request of the run opened with too, at most; negative when that is
    /// not known.
    /// </summary>
    public double SharedShare { get; set; }

    /// <summary>Whether the endpoint counted the tokens; else each chunk counts as one.</summary>
    public bool HasUsage { get; set; }

    /// <summary>What is wrong with the endpoint's counts; they are then not used.</summary>
    public UsageFault Usage { get; set; }

    /// <summary>The counts that are wrong, for people; null where none is.</summary>
    public string? UsageSaid { get; set; }

    /// <summary>Events that brought some of the answer.</summary>
    public int Chunks { get; set; }

    public FailureKind Failure { get; set; }

    /// <summary>Status of the response; 0 when there was none.</summary>
    public int Status { get; set; }

    /// <summary>What went wrong, for people; null when nothing did.</summary>
    public string? Message { get; set; }

    public bool Served => Failure == FailureKind.None;

    /// <summary>When each piece of the answer came and how many tokens had come by then.</summary>
    public ReadOnlySpan<TokenArrival> Arrivals => _arrivals.AsSpan(0, Chunks);

    /// <summary>
    /// Adds a piece of the answer; <paramref name="tokensSoFar"/> is negative where nobody counted.
    /// </summary>
    public void Arrived(long ns, int tokensSoFar)
    {
        if (Chunks == _arrivals.Length)
            Array.Resize(ref _arrivals, 2 * Chunks);
        if (Chunks == 0)
            FirstTokenNs = ns;
        LastTokenNs = ns;
        _arrivals[Chunks++] = new TokenArrival(ns, tokensSoFar);
    }

    /// <summary>Whatever was counted so far is not believed: each piece is one token.</summary>
    public void CountChunks()
    {
        UsageSaid = FormattableString.Invariant($"said: {PromptTokens} of the prompt, {CachedTokens} of ")
            + FormattableString.Invariant($"them cached, {OutputTokens} of the answer; {Chunks} pieces, ")
            + FormattableString.Invariant($"{AskedOutputTokens} asked for at most");
        for (var i = 0; i < Chunks; i++)
            _arrivals[i] = _arrivals[i] with { TokensSoFar = -1 };
        (HasUsage, OutputTokens, PromptTokens) = (false, Chunks, AskedPromptTokens);
        (SaysCached, CachedTokens) = (false, 0);
    }

    /// <summary>Ready for the next request.</summary>
    public void Clear()
    {
        if (_arrivals.Length > MostKeptArrivals)
            _arrivals = new TokenArrival[FirstArrivals];
        Index = 0;
        Level = Status = PromptTokens = AskedPromptTokens = AskedOutputTokens = OutputTokens = CachedTokens =
            Chunks = 0;
        Session = -1;
        ScheduledNs = DispatchedNs = SentNs = FirstTokenNs = LastTokenNs = EndNs = 0;
        HasUsage = SaysCached = HeldBack = false;
        SharedShare = 0;
        Usage = UsageFault.None;
        UsageSaid = null;
        Failure = FailureKind.None;
        Message = null;
    }
}

/// <summary>
/// A piece of an answer: when it was read, and the answer's tokens by then, -1 where unknown.
/// </summary>
public readonly record struct TokenArrival(long AtNs, int TokensSoFar);
