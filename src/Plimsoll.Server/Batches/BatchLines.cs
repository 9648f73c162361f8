using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Plimsoll.Server.Api;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Batches;

/// <summary>
/// Gets a batch's open lines answered. A line holds a place only while it is in work: one that waits for a
/// budget or for a model that is away gives it back.
/// </summary>
sealed partial class BatchLines(
    BatchStore store, WholeAnswer answers, Action<string> checkBudget, BatchPlaces places, TimeProvider time,
    ILogger<BatchLines> log)
{
    static readonly TimeSpan _lookAgain = TimeSpan.FromMilliseconds(500);
    // A budget may be raised at any time, and looking costs nothing.
    static readonly TimeSpan _budgetLook = TimeSpan.FromSeconds(1);
    const int MostFailures = 2;

    /// <param name="Failures">Tries that the model failed at; those that it did not take are none.</param>
    readonly record struct OpenLine(BatchLine Line, int Failures);

    /// <summary>
    /// Answers what is open, the lines of each model beside those of the others: a model that is away holds
    /// up nothing but its own.
    /// </summary>
    public async Task AnswerAsync(BatchRecord batch, FileStream file, CancellationToken over)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over);
        var models = new List<Task>();
        foreach (var (model, open) in await ByModelAsync(batch, file.SafeFileHandle, over))
            models.Add(AnswerAsync(batch, file.SafeFileHandle, model, open, either));
        await Task.WhenAll(models);
    }

    async Task<Dictionary<string, ConcurrentQueue<OpenLine>>> ByModelAsync(
        BatchRecord batch, SafeFileHandle file, CancellationToken over)
    {
        var models = new Dictionary<string, ConcurrentQueue<OpenLine>>(StringComparer.Ordinal);
        foreach (var line in store.OpenLines(batch.Id))
        {
            using var document = JsonBody.Parse(await ReadAsync(file, line, over));
            var model = document.RootElement.GetProperty("body").Required("model");
            if (!models.TryGetValue(model, out var open))
                models[model] = open = new ConcurrentQueue<OpenLine>();
            open.Enqueue(new OpenLine(line, 0));
        }
        return models;
    }

    async Task AnswerAsync(
        BatchRecord batch, SafeFileHandle file, string model, ConcurrentQueue<OpenLine> open,
        CancellationTokenSource either)
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                foreach (var ended in running.FindAll(task => task.IsCompleted))
                {
                    await ended;
                    running.Remove(ended);
                }
                if (open.TryDequeue(out var line))
                {
                    var place = await PlaceAsync(batch.Tenant, model, either.Token);
                    running.Add(AnswerLineAsync(batch, file, line, open, place, either.Token));
                }
                else if (running.Count > 0)
                {
                    await Task.WhenAny(running);
                }
                else
                {
                    return;
                }
            }
        }
        catch
        {
            // Nothing is left running when the file is closed.
            await either.CancelAsync();
            foreach (var task in running)
                await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>A place at the model, taken when the tenant has budget left.</summary>
    async Task<BatchPlaces.Place> PlaceAsync(string tenant, string model, CancellationToken over)
    {
        while (true)
        {
            var place = await places.EnterAsync(model, tenant, over);
            try
            {
                checkBudget(tenant);
                return place;
            }
            catch (ApiException)
            {
                place.Dispose();
            }
            await Task.Delay(_budgetLook, time, over);
        }
    }

    async Task AnswerLineAsync(
        BatchRecord batch, SafeFileHandle file, OpenLine open, ConcurrentQueue<OpenLine> again,
        BatchPlaces.Place place, CancellationToken over)
    {
        using (place)
        {
            var (line, requestId) = (open.Line, $"batch_req_{Guid.NewGuid():N}");
            try
            {
                var answer = await AskAsync(batch, await ReadAsync(file, line, over), requestId, over);
                place.Answered();
                await store.AnswerAsync(batch.Id, line.Number, LineStatus.Answered,
                    BatchOutput.Line(line, requestId, 200, answer.Span));
                return;
            }
            catch (ApiException error) when (error.Code == "insufficient_quota")
            {
                // The tenant's own work in progress may come to its budget: it says nothing of the model.
            }
            catch (ApiException error) when (error.Status is 429 or 503)
            {
                place.TurnedAway();
            }
            catch (ApiException error) when (error.Status >= 500 && open.Failures < MostFailures)
            {
                // A 500 is an answer to this line; what says that the model is ill holds back the others too.
                if (error.Status is 502 or 504)
                    place.TurnedAway();
                open = open with { Failures = open.Failures + 1 };
            }
            catch (ApiException error)
            {
                if (error.Status < 500)
                    place.Answered();
                await store.AnswerAsync(batch.Id, line.Number, LineStatus.Failed,
                    BatchOutput.Failed(line, requestId, error));
                return;
            }
        }
        await Task.Delay(_lookAgain, time, over);
        again.Enqueue(open);
    }

    /// <summary>
    /// One answer. A line that nobody foresaw is that line's failure: it must not hold up its batch.
    /// </summary>
    async Task<ReadOnlyMemory<byte>> AskAsync(
        BatchRecord batch, byte[] line, string requestId, CancellationToken over)
    {
        try
        {
            using var document = JsonBody.Parse(line);
            return await answers.OfLineAsync(
                batch.Endpoint, document.RootElement.GetProperty("body"), batch.Tenant, requestId, over);
        }
        catch (Exception e) when (e is not (ApiException or OutOfMemoryException)
            && !over.IsCancellationRequested)
        {
            if (e is not ConnectionDroppedException)
                Failed(log, e, requestId, batch.Id);
            throw new ApiException(
                500, $"The server had an error while processing your request ({requestId}).", "server_error");
        }
    }

    static async Task<byte[]> ReadAsync(SafeFileHandle file, BatchLine line, CancellationToken over)
    {
        var bytes = new byte[line.Length];
        await RandomAccess.ReadAsync(file, bytes, line.Start, over);
        return bytes;
    }

    [LoggerMessage(1, LogLevel.Error, "Request {Request} of batch {Batch} failed.")]
    static partial void Failed(ILogger log, Exception error, string request, string batch);
}
