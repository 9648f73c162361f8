using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Plimsoll.Cli.Emitted;

/// <summary>
/// The shell that starts an engine, the same on every node that it spans; the variables of a LeaderWorkerSet
/// tell it which one it is on.
/// <code>
///   ranks that fit a node    each node starts its own: --data-parallel-start-rank
///   one rank over nodes      --nnodes, --node-rank
///   ranks that each span     Ray, which the first node starts and the others join
/// </code>
/// </summary>
static class NodeScript
{
    const string Leader = "\"$LWS_LEADER_ADDRESS\"";

    public static string Of(EmittedFleet fleet, string? role, string port, string indent = "")
    {
        var engine = fleet.Engine(role);
        var flags = new List<string>([.. EngineCommand.Ranks(engine),
            .. EngineCommand.Flags(fleet.Candidate, engine, role)]);
        var text = new StringBuilder("set -eu\n");
        var nodes = fleet.Nodes(role);
        var serve = "exec vllm serve \"${MODEL:?a Hugging Face id or a path}\"";
        if (nodes > 1)
        {
            text.Append(": \"${LWS_LEADER_ADDRESS:?address of the first node}\"\n")
                .Append(FormattableString.Invariant(
                    $": \"${{LWS_WORKER_INDEX:?0 on the first of {nodes} nodes, 1 on the next}}\"\n"));
            if (engine.DataParallel > 1 && !fleet.RankFitsNode(role))
            {
                text.Append("if [ \"$LWS_WORKER_INDEX\" != 0 ]; then\n")
                    .Append($"  exec ray start --address={Leader}:6379 --block\nfi\n")
                    .Append("ray start --head --port=6379\nexport VLLM_RAY_DP_PACK_STRATEGY=span\n");
                flags.AddRange(["--data-parallel-backend", "ray"]);
            }
            else
            {
                text.Append("[ \"$LWS_WORKER_INDEX\" = 0 ] || set -- --headless\n");
                flags.AddRange(Spread(fleet, role));
                serve += " \"$@\"";
            }
        }
        text.Append(serve).Append(" \\\n  ").Append(EngineCommand.Lines([.. flags, "--port", port], "  "));
        var lines = text.ToString().Replace("\n", "\n" + indent, StringComparison.Ordinal);
        return $"{indent}{lines}\n";
    }

    static IEnumerable<string> Spread(EmittedFleet fleet, string? role)
    {
        if (fleet.Engine(role).DataParallel == 1)
        {
            return
            [
                "--nnodes", fleet.Nodes(role).ToString(CultureInfo.InvariantCulture),
                "--node-rank", "\"$LWS_WORKER_INDEX\"", "--master-addr", Leader,
            ];
        }
        var local = fleet.LocalRanks(role).ToString(CultureInfo.InvariantCulture);
        return
        [
            "--data-parallel-size-local", local, "--data-parallel-address", Leader,
            "--data-parallel-rpc-port", "13345",
            "--data-parallel-start-rank", $"\"$((LWS_WORKER_INDEX * {local}))\"",
        ];
    }
}
