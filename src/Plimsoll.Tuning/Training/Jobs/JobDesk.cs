using System;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>
/// What the endpoints of fine-tuning jobs do, without HTTP: a null answer is a job that the tenant has not.
/// </summary>
/// <param name="isFile">Whether the tenant has an uploaded file of this id for fine-tuning.</param>
public sealed class JobDesk(JobStore store, Func<string, string, bool> isFile)
{
    /// <exception cref="BadInputException">A body that cannot be a job.</exception>
    public JsonObject Create(string tenant, JsonElement body)
    {
        var job = JobRequest.Read(body, tenant, "ftjob-" + Guid.NewGuid().ToString("N"), store.Now);
        foreach (var file in new[] { job.TrainingFile, job.ValidationFile })
        {
            if (file is not null && !isFile(tenant, file))
            {
                throw new BadInputException(
                    $"{(file == job.TrainingFile ? "training_file" : "validation_file")} {file}: no such "
                    + "file of purpose fine-tune");
            }
        }
        store.Insert(job);
        store.AddEvent(job.Id, "info", "Files validated, moving job to queued state");
        return JobJson.Of(store.Move(job.Id, j => j with { Status = JobStatus.Queued },
            JobStatus.ValidatingFiles)!);
    }

    public JsonObject? Get(string tenant, string id) => store.Find(tenant, id) is { } job ? JobJson.Of(job)
        : null;

    public JsonObject List(string tenant, string? after, int limit)
    {
        var jobs = store.List(tenant, after, limit + 1);
        return JobJson.Page([.. jobs.Take(limit).Select(JobJson.Of)], jobs.Count > limit);
    }

    /// <exception cref="BadInputException">It is over.</exception>
    public JsonObject? Cancel(string tenant, string id) =>
        Change(tenant, id, JobStatus.Cancelled, "cancelled",
        JobStatus.ValidatingFiles, JobStatus.Queued, JobStatus.Running, JobStatus.Paused);

    /// <exception cref="BadInputException">It neither waits nor runs.</exception>
    public JsonObject? Pause(string tenant, string id) =>
        Change(tenant, id, JobStatus.Paused, "paused", JobStatus.Queued, JobStatus.Running);

    /// <exception cref="BadInputException">It is not paused.</exception>
    public JsonObject? Resume(string tenant, string id) =>
        Change(tenant, id, JobStatus.Queued, "resumed", JobStatus.Paused);

    public JsonObject? Events(string tenant, string id, string? after, int limit)
    {
        if (store.Find(tenant, id) is null)
            return null;
        var before = after?.StartsWith("ftevent-", StringComparison.Ordinal) == true
            && long.TryParse(after["ftevent-".Length..], out var sequence)
            ? sequence
            : (long?)null;
        var events = store.Events(id, before, limit + 1);
        return JobJson.Page([.. events.Take(limit).Select(JobJson.Of)], events.Count > limit);
    }

    public JsonObject? Checkpoints(string tenant, string id) =>
        store.Find(tenant, id) is { } job ? JobJson.Page([.. JobJson.Checkpoints(job)], more: false) : null;

    JsonObject? Change(string tenant, string id, JobStatus to, string verb,
        params ReadOnlySpan<JobStatus> from)
    {
        if (store.Find(tenant, id) is not { } job)
            return null;
        var moved = store.Move(id, j => j with { Status = to, Finished = to == JobStatus.Cancelled ? store.Now
            : null }, from)
            ?? throw new BadInputException($"{id} is {JobJson.Name(job.Status)}; it cannot be {verb}");
        store.AddEvent(id, "info", "The job was " + verb);
        return JobJson.Of(moved);
    }
}
