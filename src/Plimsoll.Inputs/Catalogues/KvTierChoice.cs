using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>
/// Memories below an accelerator's own, as people name them: <c>host</c>, <c>host+nvme</c>,
/// <c>host=512@40+pool</c> with 10⁹ bytes for each accelerator and 10⁹ bytes per second. What is left out is
/// the accelerator's row of <c>data/kv-tiers.csv</c>.
/// </summary>
public static class KvTierChoice
{
    const string Form = "none, or host, nvme and pool joined by +, each with =GB and @GB-PER-SECOND if given";

    /// <summary>A memory's first byte: a copy's launch, a read at queue depth one, a round trip.</summary>
    const long HostNs = 20_000, NvmeNs = 120_000, PoolNs = 60_000;

    sealed record Row(string Accelerator, KvTierSpec Host, KvTierSpec Nvme, KvTierSpec Pool);

    static readonly Lazy<IReadOnlyList<Row>> Rows = new(() => Resource.Read("kv-tiers.csv", Read));

    public static KvTiersSpec? Of(string text, AcceleratorSpec accelerator)
    {
        if (text == "none")
            return null;
        var usual = Usual(accelerator.Key);
        var tiers = new KvTiersSpec(null, null, null);
        foreach (var word in text.Split('+', StringSplitOptions.TrimEntries))
        {
            var name = word.Split('=', '@')[0];
            tiers = name switch
            {
                "host" when tiers.Host is null => tiers with { Host = Own(text, word, usual.Host) },
                "nvme" when tiers.Nvme is null => tiers with { Nvme = Own(text, word, usual.Nvme) },
                "pool" when tiers.Pool is null => tiers with { Pool = Own(text, word, usual.Pool) },
                _ => throw new BadInputException($"KV tiers {text}", $"\"{word}\"", Form),
            };
        }
        return tiers;
    }

    /// <summary>
    /// Nanoseconds to move a token's KV of an engine rank to host memory or back, over the link of each of
    /// its accelerators that <c>data/kv-tiers.csv</c> tells; null where nothing is kept of a token.
    /// </summary>
    public static double? HostNsPerToken(Deployment deployment)
    {
        var bytes = deployment.Model.KvBytesPerToken(deployment.Kv);
        var links = deployment.TensorParallel * deployment.PipelineParallel;
        return bytes == 0 ? null : bytes / (Usual(deployment.Accelerator.Key).Host.GbPerSecond * links);
    }

    /// <summary>KV that gives way may be kept in host memory, where the policy weighs it.</summary>
    public static SchedulingPolicy WithHost(SchedulingPolicy policy, Deployment deployment) =>
        policy.Slack is not { } slack ? policy : policy with
        {
            Slack = slack with { SwapNsPerToken = slack.SwapNsPerToken ?? HostNsPerToken(deployment) },
        };

    static Row Usual(string key)
    {
        Row any = Rows.Value[0];
        foreach (var row in Rows.Value)
            any = row.Accelerator == key ? row : any;
        return any;
    }

    static KvTierSpec Own(string text, string word, KvTierSpec usual)
    {
        var at = word.IndexOf('@');
        var equals = word.IndexOf('=');
        return usual with
        {
            Gb = equals < 0 ? usual.Gb : Number(word[(equals + 1)..(at < 0 ? word.Length : at)]),
            GbPerSecond = at < 0 ? usual.GbPerSecond : Number(word[(at + 1)..]),
        };

        double Number(string number) =>
            double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                && value is > 0 and <= 1e9
                ? value
                : throw new BadInputException($"KV tiers {text}", $"\"{word}\"", Form);
    }

    static IReadOnlyList<Row> Read(string name, TextReader text) => CsvTable.Read(name, text, row => new Row(
        row.Text("accelerator"),
        new KvTierSpec(row.Number("host_gb"), row.Number("host_gb_per_s"), HostNs),
        new KvTierSpec(row.Number("nvme_gb"), row.Number("nvme_gb_per_s"), NvmeNs),
        new KvTierSpec(row.Number("pool_gb"), row.Number("pool_gb_per_s"), PoolNs)));
}
