using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Workloads.Families;

/// <summary>
/// How much of a trace's prompts an endless prefix cache would have had, and how it comes about.
/// </summary>
static class PrefixFit
{
    public static (PrefixSpec? Spec, double HitShare) Of(IReadOnlyList<Arrival> arrivals, int blockTokens)
    {
        if (blockTokens == 0)
            return (null, 0);
        var lastSeen = new Dictionary<ulong, int>();
        long promptTokens = 0, hitTokens = 0, comeBack = 0, distances = 0;
        var withBlocks = 0;
        double shared = 0;
        foreach (var arrival in arrivals)
        {
            promptTokens += arrival.PromptTokens;
            var keys = arrival.PrefixKeys.Span;
            if (keys.Length == 0)
                continue;
            var hit = 0;
            while (hit < keys.Length && lastSeen.ContainsKey(keys[hit]))
                hit++;
            hitTokens += (long)hit * blockTokens;
            if (hit > 0)
            {
                comeBack++;
                distances += withBlocks - lastSeen[keys[0]];
                shared += (double)hit / keys.Length;
            }
            foreach (var key in keys)
                lastSeen[key] = withBlocks;
            withBlocks++;
        }
        var hitShare = promptTokens == 0 ? 0 : (double)hitTokens / promptTokens;
        if (comeBack == 0)
            return (null, hitShare);
        // A request reaches evenly over the window, so its mean distance is half of it.
        var window = (int)Math.Clamp(2 * distances / comeBack, 1, withBlocks);
        return (new PrefixSpec(
            blockTokens, Math.Round((double)comeBack / withBlocks, 4), window,
            Math.Round(shared / comeBack, 4)), hitShare);
    }
}
