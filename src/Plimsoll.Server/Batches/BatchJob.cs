using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Server.Files;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Batches;

/// <summary>
/// One batch from its file to its output: validating → in_progress → finalizing → completed, or failed,
/// expired, cancelled. Each move is one transaction; each line's answer is on disk before the line counts as
/// answered; the output is written from the database, so it holds every line once.
/// </summary>
sealed class BatchJob(
    BatchStore store, FileStore files, BatchLines lines, Func<string, string, bool> knowsModel,
        TimeProvider time)
{
    static readonly TimeSpan _otherProcess = TimeSpan.FromSeconds(5);

    readonly ConcurrentDictionary<string, CancellationTokenSource> _cancels = new(StringComparer.Ordinal);

    /// <summary>Stops a batch's lines that are in work here.</summary>
    public void Cancel(string id)
    {
        if (_cancels.TryGetValue(id, out var cancel))
            cancel.Cancel();
    }

    public async Task RunAsync(string id, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _cancels[id] = over;
        try
        {
            while (store.Find(id) is { IsOver: false } batch)
            {
                stop.ThrowIfCancellationRequested();
                switch (batch.Status)
                {
                    case "validating":
                        await ValidateAsync(batch, stop);
                        break;
                    case "in_progress":
                        await AnswerAsync(batch, over.Token, stop);
                        break;
                    default:
                        await FinishAsync(batch);
                        break;
                }
            }
        }
        finally
        {
            _cancels.TryRemove(id, out _);
        }
    }

    async Task ValidateAsync(BatchRecord batch, CancellationToken stop)
    {
        List<BatchLine> found;
        List<BatchInput.Fault> faults;
        await using (var file = files.OpenRead(batch.InputFile))
        {
            (found, faults) = await BatchInput.ReadAsync(
                file, batch.Endpoint, name => knowsModel(batch.Tenant, name), stop);
        }
        if (faults.Count > 0)
        {
            await store.MoveAsync(batch.Id, "validating", "failed", "failed", BatchInput.Json(faults));
            return;
        }
        await store.AddLinesAsync(batch.Id, found);
        await store.MoveAsync(batch.Id, "validating", "in_progress", "in_progress");
    }

    async Task AnswerAsync(BatchRecord batch, CancellationToken over, CancellationToken stop)
    {
        await using var file = files.OpenRead(batch.InputFile);
        using var expiry = CancellationTokenSource.CreateLinkedTokenSource(over);
        var left = TimeSpan.FromSeconds(Math.Max(0, batch.Expires - store.Now));
        using var timer = time.CreateTimer(_ => expiry.Cancel(), null, left, Timeout.InfiniteTimeSpan);
        using var look =
            time.CreateTimer(_ => StopIfCancelled(batch.Id, expiry), null, _otherProcess, _otherProcess);
        try
        {
            await lines.AnswerAsync(batch, file, expiry.Token);
        }
        catch (OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
        }
        if (store.Find(batch.Id)?.Status != "in_progress")
            return;
        if (store.OpenLines(batch.Id).Count == 0 || store.Now >= batch.Expires)
            await store.MoveAsync(batch.Id, "in_progress", "finalizing", "finalizing");
    }

    /// <summary>Another process may have taken the cancellation.</summary>
    void StopIfCancelled(string id, CancellationTokenSource expiry)
    {
        try
        {
            if (store.Find(id)?.Status != "in_progress")
                expiry.Cancel();
        }
        catch (Exception e) when (e is System.Data.Common.DbException or ObjectDisposedException)
        {
            // The database is away, or the batch is over: the next look tells.
        }
    }

    async Task FinishAsync(BatchRecord batch)
    {
        var end = batch.Status == "cancelling" ? "cancelled" : store.Now >= batch.Expires ? "expired"
            : "completed";
        var open = store.OpenLines(batch.Id);
        if (open.Count > 0)
        {
            end = end == "completed" ? "expired" : end;
            var error = end == "expired"
                ? new ApiException(408,
                    "This request could not be executed before the completion window expired.",
                        "batch_error", null, "batch_expired")
                : new ApiException(499, "This request was not executed because the batch was cancelled.",
                    "batch_error", null, "batch_cancelled");
            await store.FailAsync(batch.Id, open, line => BatchOutput.NotRun(line, error));
        }
        var output = await WriteAsync(batch, LineStatus.Answered, "output");
        var errors = await WriteAsync(batch, LineStatus.Failed, "error");
        var now = store.Now;
        if (output is not null)
        {
            await files.KeepAsync(output, batch.Tenant, $"{batch.Id}_output.jsonl", "batch_output",
                errors is not null
                ? null
                : sql => BatchStore.Finish(sql, batch.Id, end, now, output, null));
        }
        if (errors is not null)
        {
            await files.KeepAsync(errors, batch.Tenant, $"{batch.Id}_error.jsonl", "batch_output",
                sql => BatchStore.Finish(sql, batch.Id, end, now, output, errors));
        }
        if (output is null && errors is null)
            await store.MoveAsync(batch.Id, batch.Status, end, end);
    }

    /// <summary>Writes the answers of one kind to a new file; null when there are none.</summary>
    async Task<string?> WriteAsync(BatchRecord batch, LineStatus status, string kind)
    {
        // Named after the batch, so that a crash between the two files and the end of the batch
        // leaves no second copy.
        var id = $"file-{batch.Id["batch_".Length..]}-{kind}";
        var part = files.PartOf(id);
        var any = false;
        await using (var file =
            new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, 64 * 1024))
        {
            foreach (var body in store.Answers(batch.Id, status))
            {
                any = true;
                await file.WriteAsync(Encoding.UTF8.GetBytes(body + "\n"));
            }
            file.Flush(flushToDisk: true);
        }
        if (any)
            return id;
        File.Delete(part);
        return null;
    }
}
