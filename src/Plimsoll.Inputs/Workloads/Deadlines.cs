namespace Plimsoll.Inputs.Workloads;

/// <summary>What one request was promised beyond its level, nanoseconds; 0 for nothing.</summary>
/// <param name="TtftNs">From its arrival to the first token.</param>
/// <param name="ItlNs">From a token to the next.</param>
/// <param name="CompletionNs">From its arrival to the last token.</param>
public readonly record struct Deadlines(long TtftNs, long ItlNs, long CompletionNs);
