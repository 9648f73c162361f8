using System;
using System.Globalization;

namespace Plimsoll.Core.Hardware;

/// <summary>A memory below an accelerator's own that keeps KV blocks.</summary>
/// <param name="Gb">10⁹ bytes for each accelerator.</param>
/// <param name="GbPerSecond">Read bandwidth of each accelerator, 10⁹ bytes per second.</param>
/// <param name="LatencyNs">Before the first byte.</param>
public sealed record KvTierSpec(double Gb, double GbPerSecond, long LatencyNs);

/// <summary>
/// Where a prompt's blocks are looked for once the accelerator has forgotten them: the host's memory, its
/// NVMe, a store that all replicas share. Null where there is none of a kind.
/// </summary>
public sealed record KvTiersSpec(KvTierSpec? Host, KvTierSpec? Nvme, KvTierSpec? Pool)
{
    /// <summary>What there is, in the order of the search: <c>host192@55+nvme3500@5</c>.</summary>
    public string Name =>
        $"{Words("host", Host)}+{Words("nvme", Nvme)}+{Words("pool", Pool)}"
            .Replace("++", "+", StringComparison.Ordinal).Trim('+');

    static string Words(string name, KvTierSpec? tier) => tier is null ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{name}{tier.Gb:0.##}@{tier.GbPerSecond:0.##}");
}
