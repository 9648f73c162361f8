using System.Collections.Generic;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Whose the computing time was, and the tokens, from the end of the warm-up to the last arrival.
/// </summary>
/// <param name="SpanS">That time, seconds.</param>
/// <param name="Accounts">Shares of all replicas' time: the levels in order, and batch work last; the rest
/// was idle.</param>
/// <param name="TokensPerSecond">Of the accounts in that time: prompt tokens that became ready, the cached
/// ones too, and tokens of answers; none twice.</param>
public sealed record TimeShares(
    double SpanS, IReadOnlyList<double> Accounts, IReadOnlyList<double> TokensPerSecond);
