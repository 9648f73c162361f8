using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>One greedy answer of the trainer.</summary>
/// <param name="Tokens">Its end included where it came.</param>
/// <param name="RunnersUp">At each place the token it would have said next to that.</param>
/// <param name="Margins">At each place the logits between the two.</param>
public sealed record GreedyAnswer(
    IReadOnlyList<int> Tokens, IReadOnlyList<int> RunnersUp, IReadOnlyList<double> Margins)
{
    public string Write() => JsonSerializer.Serialize(this, CanonicalJson.Options);

    public static GreedyAnswer Read(string line) =>
        JsonSerializer.Deserialize<GreedyAnswer>(line, CanonicalJson.Options)!;
}
