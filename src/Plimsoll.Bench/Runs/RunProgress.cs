namespace Plimsoll.Bench.Runs;

/// <summary>Where a run stands.</summary>
/// <param name="ElapsedS">Since its start.</param>
/// <param name="Ended">Requests that are over, warm-up left out.</param>
/// <param name="Failed">Of them.</param>
/// <param name="InFlight">Under way now.</param>
/// <param name="RequestsPerSecond">Ended per second of late.</param>
/// <param name="TokensPerSecond">Output tokens per second of late.</param>
/// <param name="Asked">Rate that a search is trying, requests per second; null without one.</param>
/// <param name="TtftP50Ms">Over the run; null with too few requests.</param>
/// <param name="TtftP95Ms">Over the run; null with too few requests.</param>
public sealed record RunProgress(
    double ElapsedS, long Ended, long Failed, int InFlight, double RequestsPerSecond, double TokensPerSecond,
    double? Asked, double? TtftP50Ms, double? TtftP95Ms);
