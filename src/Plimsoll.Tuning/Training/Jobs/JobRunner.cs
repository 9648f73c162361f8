using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;

namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>
/// Works off the jobs of a store, one at a time. A job that is cancelled or paused stops within a second; a
/// paused one, or one whose runner died, goes on from its last checkpoint.
/// </summary>
/// <param name="baseOf">The base's hash in the workspace, by the name that a job asks for.</param>
/// <param name="fileOf">A path of an uploaded file, by tenant and id.</param>
public sealed class JobRunner(
    JobStore store, TuneWorkspace workspace, EmbeddedRuns runs, Func<string, string> baseOf, Func<string,
        string, string> fileOf)
{
    static readonly TimeSpan _lease = TimeSpan.FromSeconds(60);
    static readonly TimeSpan _look = TimeSpan.FromSeconds(0.5);
    const int EventSteps = 10;

    readonly string _owner = Guid.NewGuid().ToString("N");

    /// <summary>
    /// Makes a job's model servable, by the adapter's hash. Called before the job is said to have succeeded:
    /// a client that reads so may ask the model at once.
    /// </summary>
    public Func<FineTuningJob, string, Task>? Serve { get; init; }

    /// <summary>Runs the next job to its end.</summary>
    /// <returns>False when none waits.</returns>
    public async Task<bool> RunNextAsync(CancellationToken cancellation)
    {
        if (store.Claim(_owner, _lease) is not { } job)
            return false;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            using var ended = new CancellationTokenSource();
            var watched = WatchAsync(job, stop, ended.Token);
            try
            {
                await RunAsync(job, stop, cancellation).ConfigureAwait(false);
            }
            finally
            {
                await ended.CancelAsync().ConfigureAwait(false);
                await watched.ConfigureAwait(false);
            }
        }
        catch (BadInputException bad)
        {
            Fail(job, bad.Message);
        }
        catch (Exception e) when (e is not (OperationCanceledException or OutOfMemoryException))
        {
            // Left running, it would be tried again for ever when its lease has run out.
            Fail(job, $"an unexpected error: {e.Message.ReplaceLineEndings(" ")}");
            throw;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Cancelled or paused by its owner; the store says which.
        }
        return true;
    }

    void Fail(FineTuningJob job, string why)
    {
        if (store.Move(job.Id, j => j with { Status = JobStatus.Failed, Error = why, Finished = store.Now },
            JobStatus.Running) is not null)
        {
            store.AddEvent(job.Id, "error", why);
        }
    }

    // By the clock and not by its steps: a trainer that stands still for others keeps its lease, and can be
    // cancelled or paused.
    async Task WatchAsync(FineTuningJob job, CancellationTokenSource stop, CancellationToken ended)
    {
        try
        {
            using var timer = new PeriodicTimer(_look);
            while (await timer.WaitForNextTickAsync(ended).ConfigureAwait(false))
            {
                if (!store.Renew(job.Id, _owner, _lease))
                    await stop.CancelAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The job has ended.
        }
    }

    async Task RunAsync(FineTuningJob job, CancellationTokenSource stop, CancellationToken cancellation)
    {
        store.AddEvent(job.Id, "info", "Fine-tuning job started");
        var baseHash = baseOf(job.Model);
        var records = RecordReader.ReadJsonl(fileOf(job.Tenant, job.TrainingFile)).ToList();
        var held = job.ValidationFile is null ? [] : new Dictionary<string,
            string> { ["validation"] = fileOf(job.Tenant, job.ValidationFile) };
        var options = new DatasetOptions { NearDuplicateSimilarity = 1, RedactPii = false,
            ValidationShare = 0, EvaluationSets = held };
        // Nothing of the job itself: the same records asked for again are the same dataset and the same spec.
        var origin = new JsonObject { ["source"] = "fine-tuning job" };
        var (dataset, build) = workspace.AddDataset(records, options, baseHash, origin, cancellation);
        store.Move(job.Id, j => j with { Dataset = string.Create(CultureInfo.InvariantCulture,
            $"{dataset[..12]}, {build.Train.Count:N0} records") }, JobStatus.Running);
        TrainerEvent? last = null;
        var (adapter, existing) = await runs.RunAsync(baseHash, dataset, job.Options, null, null, e =>
        {
            if (e.Kind == "step")
                last = e;
            if (e.Kind == "step" && (e.Step % EventSteps == 0 || e.Step == e.Steps))
            {
                store.AddEvent(job.Id, "info", FormattableString.Invariant(
                    $"Step {e.Step}/{e.Steps}: training loss={e.Loss:F2}"));
                store.Move(job.Id, j => j with { Progress = FormattableString.Invariant(
                    $"step {e.Step} of {e.Steps}, loss {e.Loss:F2}, {e.SecondsLeft:F0} s left") },
                    JobStatus.Running);
            }
        }, stop.Token).ConfigureAwait(false);
        if (existing)
            store.AddEvent(job.Id, "info", "This spec was trained before; its model is returned");
        var name = $"ft:{job.Model}:{job.Tenant}:{job.Suffix ?? ""}:{adapter[..8]}";
        if (Serve is not null)
            await Serve(job with { FineTunedModel = name }, adapter).ConfigureAwait(false);
        var done = store.Move(job.Id, j => j with
        {
            Status = JobStatus.Succeeded,
            FineTunedModel = name,
            TrainedTokens = last?.Tokens,
            TrainedSteps = last?.Step,
            FinalLoss = last?.Loss,
            Finished = store.Now,
        }, JobStatus.Running);
        if (done is null)
            return;
        store.AddEvent(job.Id, "info", "New fine-tuned model created: " + name);
        store.AddEvent(job.Id, "info", "The job has successfully completed");
    }
}
