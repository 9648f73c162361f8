using System;
using Plimsoll.Planning.Search;

namespace Plimsoll.Planning.Plans;

/// <summary>
/// The rungs of the race: each simulates more of fewer candidates, all of them with the same draws.
/// </summary>
/// <param name="Short">A first look.</param>
/// <param name="Longer">A second one; also what the ends of the intervals are told by.</param>
/// <param name="Full">What is printed.</param>
public sealed record PlanRungs(PlanRung Short, PlanRung Longer, PlanRung Full)
{
    /// <summary>Requests of a stream in full where nothing else is asked.</summary>
    const long Usual = 16_000;

    /// <summary>The same of sessions, some hundred of them, and of work that nobody waits for.</summary>
    const long OfSessions = 8_000;

    /// <summary>
    /// Fewest of a short run where they are there: in fewer a large unit, which has them sooner, sees no
    /// burst and looks cheaper than a small one.
    /// </summary>
    public const long FewestShort = 2_000;

    public static PlanRungs Of(PlanRequest request)
    {
        var serving = request.Serving;
        var needed = ProbeSize.Needed(serving);
        var usual = serving.Workload.ClosedLoop || request.IsBatch ? OfSessions : Usual;
        var full = Math.Max(needed, serving.Requests ?? serving.Workload.Recorded switch
        {
            >= 1000 and var recorded => Math.Min(recorded, 100_000),
            _ => usual,
        });
        var first = Math.Max(needed, Math.Max(full / 8, Math.Min(full, FewestShort)));
        return new PlanRungs(
            new PlanRung("short", 1, first) { Margin = 0.25, SaysWhatBinds = false },
            new PlanRung("longer", 1, Math.Max(first, full / 2)) { Margin = 0.1, SaysWhatBinds = false },
            new PlanRung("full", 4, full));
    }
}
