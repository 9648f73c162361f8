using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Writes arrivals as Mooncake JSONL with hashes of 512-token blocks, which become small numbers by order of
/// appearance. Sessions of a closed loop are written as Dynamo's replay reads them: a start has a timestamp,
/// each later call the delay after the answer before it.
/// </summary>
public static class MooncakeWriter
{
    const int BlockTokens = 512;

    /// <param name="arrivals">The stream; a closed loop is told at once that its calls are answered.</param>
    /// <param name="closedLoop">Whether calls wait for answers.</param>
    /// <param name="writer">Where lines go.</param>
    public static void Write(IArrivalSource arrivals, bool closedLoop, TextWriter writer)
    {
        var (blockTokens, keysPerBlock) = Blocks(arrivals.PrefixBlockTokens);
        var ids = new Dictionary<ulong, long>();
        var answeredNs = new Dictionary<int, long>();
        long next = 0;
        while (arrivals.TryPeek(out _))
        {
            arrivals.Take(out var arrival);
            writer.Write('{');
            writer.Write(
                closedLoop ? When(arrival, answeredNs) : Number("timestamp", arrival.AtNs / 1_000_000));
            writer.Write(", " + Number("input_length", arrival.PromptTokens));
            writer.Write(", " + Number("output_length", arrival.OutputTokens));
            writer.Write(", \"hash_ids\": [");
            var keys = arrival.PrefixKeys.Span;
            var blocks = (arrival.PromptTokens + blockTokens - 1) / blockTokens;
            for (var i = 0; i < blocks; i++)
            {
                // A key names its block and all before it, so the last of several stands for them all.
                var last = (i + 1) * keysPerBlock - 1;
                long id;
                if (last >= keys.Length)
                    id = next++;
                else if (!ids.TryGetValue(keys[last], out id))
                    ids[keys[last]] = id = next++;
                writer.Write(i == 0 ? "" : ", ");
                writer.Write(id.ToString(CultureInfo.InvariantCulture));
            }
            writer.Write("]}\n");
            if (closedLoop)
                arrivals.Finished(arrival.Session, arrival.AtNs);
        }
    }

    /// <summary>Blocks as written: 512 tokens wherever that is a multiple of the workload's own.</summary>
    static (int BlockTokens, int KeysPerBlock) Blocks(int own) =>
        own == 0 ? (BlockTokens, 1)
        : BlockTokens % own == 0 ? (BlockTokens, BlockTokens / own)
        : (own, 1);

    static string When(in Arrival arrival, Dictionary<int, long> answeredNs)
    {
        var when = answeredNs.TryGetValue(arrival.Session, out var beforeNs)
            ? Number("delay", (arrival.AtNs - beforeNs) / 1_000_000)
            : Number("timestamp", arrival.AtNs / 1_000_000);
        answeredNs[arrival.Session] = arrival.AtNs;
        return Number("session_id", arrival.Session) + ", " + when;
    }

    static string Number(string name, long value) =>
        string.Create(CultureInfo.InvariantCulture, $"\"{name}\": {value}");
}
