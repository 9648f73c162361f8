namespace Plimsoll.Tuning.Training;

/// <summary>Prompts to answer greedily, one JSON array of token ids a line; answers are
/// <see cref="GreedyAnswer"/>s.</summary>
public sealed record GenerateJob
{
    public required string BaseFolder { get; init; }
    public string? AdapterFolder { get; init; }
    public required string PromptsFile { get; init; }
    public int MostTokens { get; init; } = 32;
    public int Threads { get; init; } = 1;
}
