using System.Collections.Generic;

namespace Plimsoll.Serve.Figures.Gates;

/// <summary>One load on one engine: what the twin got out of it, and every setting of every gate.</summary>
sealed record Cell(GateResult Twin, Dictionary<string, List<GateResult>> Families)
{
    /// <summary>The most that any setting got, whatever became of the promise.</summary>
    public double Most
    {
        get
        {
            var most = Twin.BatchTokensPerSecond;
            foreach (var results in Families.Values)
            {
                foreach (var result in results)
                    most = System.Math.Max(most, result.BatchTokensPerSecond);
            }
            return most;
        }
    }
}
