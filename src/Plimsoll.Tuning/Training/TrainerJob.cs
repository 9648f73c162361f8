using System;
using System.IO;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>One job for the trainer's process: the spec and where on this machine its parts lie.</summary>
public sealed record TrainerJob
{
    public required TrainingSpec Spec { get; init; }

    /// <summary>
    /// A Hugging Face folder; for pre-training without weights, which are then drawn from the seed.
    /// </summary>
    public required string BaseFolder { get; init; }

    /// <summary>Canonical records, one a line.</summary>
    public required string DatasetFile { get; init; }

    public string? InitialAdapterFolder { get; init; }

    /// <summary>
    /// The bundle appears here, whole: a PEFT folder, or a Hugging Face folder when all weights are trained.
    /// </summary>
    public required string OutputFolder { get; init; }

    public required string CheckpointFolder { get; init; }
    public int CheckpointSteps { get; init; } = 100;

    /// <summary>Price of this machine, for what the progress says is left to pay.</summary>
    public double? UsdPerHour { get; init; }

    /// <exception cref="BadInputException">Unreadable, or with a key that is not known.</exception>
    public static TrainerJob Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<TrainerJob>(File.ReadAllText(path), CanonicalJson.Options)!;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a training job");
        }
    }
}
