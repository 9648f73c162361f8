using System;
using System.Collections.Generic;
using System.Text.Json.Nodes;
using Plimsoll.Core.Hardware;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// Where an engine's KV goes besides its own memory: to another pool, to the host's memory and its NVMe. vLLM
/// has one connector; two are told through the one that holds several.
/// </summary>
static class KvConnectors
{
    const string Both = "kv_both";

    /// <summary>Nothing else that a plan knows says where a node keeps files.</summary>
    const string Folder = "/mnt/kv";

    public static IEnumerable<string> Flags(Deployment d, string? transferRole)
    {
        var host = d.Engine.KvTiers?.Host;
        var bytes = (host?.Gb ?? 0) * 1e9 * d.TensorParallel * d.PipelineParallel;
        if (host is not null && transferRole is null && d.Engine.KvTiers!.Nvme is null)
            return ["--kv-offloading-size", FormattableString.Invariant($"{bytes / (1 << 30):0.####}")];
        var connectors = new List<JsonObject>();
        if (transferRole is not null)
            connectors.Add(Connector("NixlConnector", transferRole, null));
        if (host is not null)
        {
            connectors.Add(Connector(
                "OffloadingConnector", Both, Offloading(d.Engine.KvTiers!, (long)bytes)));
        }
        return connectors.Count switch
        {
            0 => [],
            1 => ["--kv-transfer-config", connectors[0].ToJsonString()],
            _ =>
            [
                "--kv-transfer-config", Connector("MultiConnector", Both, new JsonObject
                {
                    ["connectors"] = new JsonArray([.. connectors]),
                }).ToJsonString(),
            ],
        };
    }

    /// <summary>What of the tiers that were simulated no flag says.</summary>
    public static IEnumerable<string> Notes(Deployment d)
    {
        if (d.Engine.KvTiers is not { } tiers)
            yield break;
        if (tiers.Nvme is not null && tiers.Host is not null)
            yield return $"{Folder}: a folder of the node's NVMe, to be mounted";
        if (tiers.Pool is not null || tiers.Host is null)
        {
            yield return $"was simulated with KV tiers {tiers.Name}, not all of which have a flag here; "
                + "see LMCache or Mooncake";
        }
    }

    static JsonObject Connector(string name, string role, JsonObject? more)
    {
        var connector = new JsonObject { ["kv_connector"] = name, ["kv_role"] = role };
        if (more is not null)
            connector["kv_connector_extra_config"] = more;
        return connector;
    }

    static JsonObject Offloading(KvTiersSpec tiers, long bytes)
    {
        var offloading = new JsonObject { ["cpu_bytes_to_use"] = bytes };
        if (tiers.Nvme is not null)
        {
            offloading["spec_name"] = "TieringOffloadingSpec";
            offloading["secondary_tiers"] = new JsonArray(
                new JsonObject { ["type"] = "fs", ["root_dir"] = Folder });
        }
        return offloading;
    }
}
