using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Plimsoll.Planning.Workloads.Traces;

/// <summary>Writes arrivals as Mooncake JSONL; keys become small numbers by order of appearance.</summary>
public static class MooncakeWriter
{
    /// <summary>A workload without prefix keys gets blocks of this many tokens, each its own.</summary>
    const int DefaultBlockTokens = 512;

    public static void Write(IArrivalSource arrivals, TextWriter writer)
    {
        var blockTokens = arrivals.PrefixBlockTokens > 0 ? arrivals.PrefixBlockTokens : DefaultBlockTokens;
        var ids = new Dictionary<ulong, long>();
        long next = 0;
        while (arrivals.TryPeek(out _))
        {
            arrivals.Take(out var arrival);
            writer.Write(string.Create(CultureInfo.InvariantCulture,
                $"{{\"timestamp\": {arrival.AtNs / 1_000_000}, \"input_length\": {arrival.PromptTokens}, \"output_length\": {arrival.OutputTokens}, \"hash_ids\": ["));
            var keys = arrival.PrefixKeys.Span;
            var blocks = (arrival.PromptTokens + blockTokens - 1) / blockTokens;
            for (var i = 0; i < blocks; i++)
            {
                long id;
                if (i < keys.Length)
                {
                    if (!ids.TryGetValue(keys[i], out id))
                        ids[keys[i]] = id = next++;
                }
                else
                {
                    id = next++;
                }
                writer.Write(i == 0 ? "" : ", ");
                writer.Write(id.ToString(CultureInfo.InvariantCulture));
            }
            writer.Write("]}\n");
        }
    }
}
