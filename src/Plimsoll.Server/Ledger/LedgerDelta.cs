using System.Collections.Generic;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// What is to be written: sums since the last write, finished requests, how far each meter is, and which
/// shares of engines' time are among the sums.
/// </summary>
sealed record LedgerDelta(
    IReadOnlyList<(LedgerKey Key, LedgerTotals Totals)> Rows, IReadOnlyList<RequestEntry> Finished,
    IReadOnlyList<(EngineMeter Meter, long PostedNs)> Meters, IReadOnlyList<EngineShare> Booked);
