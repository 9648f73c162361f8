using System;

namespace Plimsoll.Server.Ledger;

/// <summary>
/// The bill of one engine rank: a price per hour over its wall time. What an interval costs is the difference
/// of a running integer, so any partition of the time sums to the bill to the pico-dollar.
/// </summary>
public sealed class EngineMeter
{
    const long NsPerHour = 3_600_000_000_000;

    readonly long _picoPerHour;

    /// <param name="name">As the ledger books it: <c>model/0</c>.</param>
    /// <param name="usdPerHour">Price of the rank.</param>
    /// <param name="startedUtc">UTC time of its clock's zero.</param>
    public EngineMeter(string name, decimal usdPerHour, DateTimeOffset startedUtc)
    {
        Name = name;
        UsdPerHour = usdPerHour;
        _picoPerHour = (long)decimal.Round(usdPerHour * 1_000_000_000_000m);
        StartedUtc = startedUtc;
        SessionId = Guid.NewGuid().ToString("N");
    }

    public string Name { get; }

    /// <summary>The model that it is an engine of.</summary>
    public string Model => ModelOf(Name);

    /// <summary>Where an engine is that other gateways may send to as well; null for one's own.</summary>
    public string? Address { get; private set; }

    /// <summary>What gateways on one database call it; null where its time is one's own alone.</summary>
    public string? SharedId => Address is null ? null : $"{Name} {Address}";

    public string SessionId { get; }

    public decimal UsdPerHour { get; }

    public long PicoPerHour => _picoPerHour;

    public DateTimeOffset StartedUtc { get; }

    /// <summary>Up to here everything is booked, nanoseconds on the engine's clock.</summary>
    public long PostedNs { get; private set; }

    /// <summary>Its time is from now on split with whoever else sends to that address.</summary>
    public void ShareAt(string address) => Address = address;

    /// <summary>The model that an engine of that name serves.</summary>
    public static string ModelOf(string engine) =>
        engine.LastIndexOf('/') is >= 0 and var end ? engine[..end] : engine;

    /// <summary>Hour, UTC, that a time on the engine's clock lies in.</summary>
    public long HourOf(long ns) => StartedUtc.AddTicks(ns / 100).ToUnixTimeSeconds() / 3600;

    /// <summary>The bill from the clock's zero to a time, pico-dollars.</summary>
    public long BillAt(long ns) => (long)((Int128)_picoPerHour * ns / NsPerHour);

    /// <summary>Cost of what is not booked up to a time, which is booked now; 0 when it already is.</summary>
    public long PostUntil(long ns)
    {
        if (ns <= PostedNs)
            return 0;
        var amount = BillAt(ns) - BillAt(PostedNs);
        PostedNs = ns;
        return amount;
    }
}
