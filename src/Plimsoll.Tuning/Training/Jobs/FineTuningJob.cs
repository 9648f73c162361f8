namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>States as OpenAI's API has them.</summary>
public enum JobStatus
{
    ValidatingFiles,
    Queued,
    Running,
    Succeeded,
    Failed,
    Cancelled,
    Paused,
}

/// <summary>One fine-tuning job, as it is asked for and as it stands.</summary>
public sealed record FineTuningJob
{
    public required string Id { get; init; }
    public required string Tenant { get; init; }

    /// <summary>The base, by the name it is asked for.</summary>
    public required string Model { get; init; }

    public required string TrainingFile { get; init; }
    public string? ValidationFile { get; init; }
    public string? Suffix { get; init; }
    public required TrainingOptions Options { get; init; }

    /// <summary>JSON object of the client's own; null for none.</summary>
    public string? Metadata { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    public long? Finished { get; init; }
    public required JobStatus Status { get; init; }
    public string? FineTunedModel { get; init; }
    public long? TrainedTokens { get; init; }
    public int? TrainedSteps { get; init; }
    public double? FinalLoss { get; init; }

    /// <summary>Hash and size of what it is trained on, once that is known; for people.</summary>
    public string? Dataset { get; init; }

    /// <summary>How far a running one is; for people.</summary>
    public string? Progress { get; init; }

    /// <summary>Why it failed, in one line.</summary>
    public string? Error { get; init; }

    public bool IsOver => Status is JobStatus.Succeeded or JobStatus.Failed or JobStatus.Cancelled;
}

/// <param name="Created">Unix seconds.</param>
public sealed record JobEvent(long Sequence, string Job, long Created, string Level, string Message);
