using System.Collections.Generic;
using Plimsoll.Tuning.Evaluation;

namespace Plimsoll.Cli.Terminal;

/// <summary>How gates judged, for a person at a terminal.</summary>
static class GateText
{
    public static string Of(IEnumerable<GateOutcome> gates)
    {
        var table = new TextTable("  gate", "verdict", "evidence");
        foreach (var gate in gates)
            table.Add($"  {gate.Gate}", gate.Verdict.ToString().ToLowerInvariant(), gate.Evidence);
        return table.ToString();
    }
}
