using System.Text.Json.Nodes;

namespace Plimsoll.Tuning.Evaluation;

public enum GateVerdict
{
    Passed,
    Failed,

    /// <summary>The evidence does not suffice for either; never treated as passed.</summary>
    Undecided,
}

/// <summary>What a gate found, and the evidence it found it by.</summary>
/// <param name="Gate">parity, quality, regression, format, saving.</param>
/// <param name="Evidence">One line for people.</param>
/// <param name="Facts">The numbers behind it.</param>
public sealed record GateOutcome(string Gate, GateVerdict Verdict, string Evidence, JsonObject Facts);
