using System;
using System.Globalization;
using Plimsoll.Bench.Results;

namespace Plimsoll.Bench.Text;

/// <summary>How late the client was, and by which percentile: p99, or what a short run knows.</summary>
public static class ClientWords
{
    public static string Of(ClientReport client)
    {
        var median = client.DispatchLate is { Percentile: > 50 }
            ? $"{Ms(client.DispatchLateP50Ms)} p50, " : "";
        return $"dispatched late {median}{Judged(client.DispatchLate)}"
            + $"{(client.RealTime ? " at real-time priority" : "")}; "
            + $"on the socket {Ms(client.WrittenLateP50Ms)} p50, {Ms(client.WrittenLateP99Ms)} p99 after it "
            + $"was due, new connections in it; reads late {Judged(client.ReadLag)}"
            + (client.ReadLagMaxMs is { } most ? $", {Ms(most)} at most" : "")
            + (client.HeldBack > 0
                ? $"; without {Plural.Of(client.HeldBack, "request")} that the limit in flight held back"
                : "");
    }

    static string Judged(KnownPercentile? known) => known is { } judged
        ? Ms(judged.Ms) + FormattableString.Invariant($" p{judged.Percentile:0}")
            + (judged.Percentile < 99 ? " (too few for p99)" : "")
        : "unknown (too few samples)";

    static string Ms(double? ms)
    {
        if (ms is not { } known)
            return "–";
        var format = known < 10 ? "0.00" : known < 100 ? "0.0" : "#,0";
        return known.ToString(format, CultureInfo.InvariantCulture) + " ms";
    }
}
