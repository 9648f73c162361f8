using System.Diagnostics;

namespace Plimsoll.Engine;

/// <summary>An engine's clock: nanoseconds since it was made, never backwards.</summary>
public sealed class EngineClock
{
    readonly long _start = Stopwatch.GetTimestamp();

    public long NowNs => (long)((Stopwatch.GetTimestamp() - _start) * (1e9 / Stopwatch.Frequency));
}
