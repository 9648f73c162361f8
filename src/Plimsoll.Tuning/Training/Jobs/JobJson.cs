using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>Jobs, events and checkpoints in OpenAI's shapes.</summary>
public static class JobJson
{
    public static JsonObject Of(FineTuningJob job)
    {
        var numbers = new JsonObject
        {
            ["n_epochs"] = job.Options.Epochs,
            ["batch_size"] = job.Options.BatchTokens / job.Options.SequenceTokens,
            ["learning_rate_multiplier"] = job.Options.LearningRate / new TrainingOptions().LearningRate,
        };
        var type = job.Options.Method == TrainingMethod.Dpo ? "dpo" : "supervised";
        return new JsonObject
        {
            ["object"] = "fine_tuning.job",
            ["id"] = job.Id,
            ["model"] = job.Model,
            ["created_at"] = job.Created,
            ["finished_at"] = job.Finished,
            ["fine_tuned_model"] = job.FineTunedModel,
            ["organization_id"] = job.Tenant,
            ["result_files"] = new JsonArray(),
            ["status"] = Name(job.Status),
            ["training_file"] = job.TrainingFile,
            ["validation_file"] = job.ValidationFile,
            ["hyperparameters"] = numbers,
            ["trained_tokens"] = job.TrainedTokens,
            ["error"] = job.Error is null ? null
                : new JsonObject { ["code"] = "job_failed", ["message"] = job.Error, ["param"] = null },
            ["user_provided_suffix"] = job.Suffix,
            ["seed"] = (long)job.Options.Seed,
            ["estimated_finish"] = null,
            ["integrations"] = new JsonArray(),
            ["metadata"] = job.Metadata is null ? null : JsonNode.Parse(job.Metadata),
            ["method"] = new JsonObject { ["type"] = type,
                [type] = new JsonObject { ["hyperparameters"] = numbers.DeepClone() } },
        };
    }

    public static JsonObject Of(JobEvent e) => new()
    {
        ["object"] = "fine_tuning.job.event",
        ["id"] = EventId(e.Sequence),
        ["created_at"] = e.Created,
        ["level"] = e.Level,
        ["message"] = e.Message,
        ["type"] = "message",
    };

    /// <summary>The one checkpoint that is kept as a model: the last.</summary>
    public static IEnumerable<JsonObject> Checkpoints(FineTuningJob job)
    {
        if (job.FineTunedModel is null)
            yield break;
        yield return new JsonObject
        {
            ["object"] = "fine_tuning.job.checkpoint",
            ["id"] = "ftckpt_" + job.Id[(job.Id.IndexOf('-') + 1)..],
            ["created_at"] = job.Finished,
            ["fine_tuned_model_checkpoint"] = job.FineTunedModel,
            ["fine_tuning_job_id"] = job.Id,
            ["step_number"] = job.TrainedSteps,
            ["metrics"] = new JsonObject { ["step"] = job.TrainedSteps, ["train_loss"] = job.FinalLoss },
        };
    }

    public static JsonObject Page(IReadOnlyList<JsonObject> items, bool more) => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. items.Select(i => (JsonNode)i)]),
        ["has_more"] = more,
    };

    public static string EventId(long sequence) => "ftevent-"
        + sequence.ToString(CultureInfo.InvariantCulture);

    public static string Name(JobStatus status) =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(status.ToString());
}
