using System.Text.Json;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// One line of the trainer's progress. <see cref="Kind"/>: started, resumed, step, checkpoint, done.
/// </summary>
public sealed record TrainerEvent
{
    public required string Kind { get; init; }
    public int Step { get; init; }
    public int Steps { get; init; }
    public double? Loss { get; init; }

    /// <summary>So far, padding left out.</summary>
    public long Tokens { get; init; }

    public double? TokensPerSecond { get; init; }

    /// <summary>Of the run's whole life in a registry, what was killed included; of one process elsewhere.
    /// </summary>
    public double? CpuSeconds { get; init; }

    /// <summary>By the clock, likewise; null where no registry keeps the run.</summary>
    public double? Seconds { get; init; }

    public double? SecondsLeft { get; init; }
    public double? UsdLeft { get; init; }
    public string? Message { get; init; }

    public string Write() => JsonSerializer.Serialize(this, CanonicalJson.Options);

    /// <summary>Null for a line that is no event.</summary>
    public static TrainerEvent? Read(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<TrainerEvent>(line, CanonicalJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
