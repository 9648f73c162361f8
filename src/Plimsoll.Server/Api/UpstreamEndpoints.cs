using System;
using System.Buffers;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Core.Scheduling;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;

namespace Plimsoll.Server.Api;

/// <summary>
/// Requests that engines behind the gateway answer. Bodies pass as they are but for the model's name; events
/// pass whole and unchanged, counted as they go by.
/// </summary>
sealed class UpstreamEndpoints(
    Gate gate, IReadOnlyDictionary<string, UpstreamModel> models, Func<Levels> levels, LedgerBook book,
        TimeProvider time)
{
    const int MostErrorBytes = 64 * 1024;

    /// <summary>The model of that name; null when no upstream serves it.</summary>
    public UpstreamModel? Find(string name) => models.GetValueOrDefault(name);

    public IEnumerable<UpstreamModel> All => models.Values;

    /// <summary>Answers a client.</summary>
    /// <param name="routed">The rollout's choice; its adapter is asked for by its own name.</param>
    public async Task AnswerAsync(HttpContext context, Tenant tenant, UpstreamModel model, JsonElement body,
        RoutedRequest? routed = null)
    {
        var level = levels().Choose(body.Text("service_tier"), tenant.Options.Level);
        var limit = body.Whole("max_completion_tokens", 1, int.MaxValue / 2)
            ?? body.Whole("max_tokens", 0, int.MaxValue / 2);
        var bytes = body.GetRawText().Length;
        gate.Reserve(context, tenant, bytes / 4, limit ?? CompletionEndpoints.UsualOutputTokens);
        var adapter = routed?.Answerer is { Upstream: not null } answerer ? answerer.Name : null;
        var entry = book.Open(RequestShell.RequestId(context), tenant.Name, level.Name, model.Name,
            adapter ?? "", routed?.Release);
        entry.Estimated = true;
        context.Response.Headers["x-plimsoll-level"] = level.Name;
        var status = RequestStatus.Failed;
        try
        {
            using var sent = await model.SendAsync(
                context.Request.Path, replica => BodyFor(body, replica, level, adapter is not null),
                KeyOf(context, tenant, body),
                context.RequestAborted);
            context.Response.Headers["x-plimsoll-upstream"] = sent.Replica.Config.Url;
            if (await PassAsync(context, model, sent, entry))
                status = RequestStatus.Completed;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            status = RequestStatus.Cancelled;
            throw;
        }
        finally
        {
            model.Metrics.Finish(status != RequestStatus.Completed, byLength: false, entry.Kept);
            book.Close(entry, status);
            // A request that the client got wrong or gave up says nothing of who answered.
            if (status != RequestStatus.Cancelled && context.Response.StatusCode is < 400 or >= 500)
            {
                routed?.Ended(new AnswerReport(status == RequestStatus.Failed, entry.TtftNs, level.TtftNs,
                    Text: null));
            }
        }
    }

    /// <summary>The answer to a batch's line.</summary>
    /// <param name="adapter">Whether the body names an adapter that the replicas hold.</param>
    public async Task<ReadOnlyMemory<byte>> OfLineAsync(
        UpstreamModel model, string endpoint, JsonElement body, string tenant, string requestId,
        CancellationToken cancellation, bool adapter = false)
    {
        var level = levels().Batch;
        var entry = book.Open(requestId, tenant, level.Name, model.Name);
        entry.Estimated = true;
        var status = RequestStatus.Failed;
        try
        {
            using var sent = await model.SendAsync(
                endpoint, replica => BodyFor(body, replica, level, adapter), requestId, cancellation);
            var answer = await ReadWholeAsync(sent, cancellation);
            if (!sent.Response.IsSuccessStatusCode)
                throw ErrorOf((int)sent.Response.StatusCode, answer);
            Count(model, sent.Meter, entry, answer.Span);
            status = RequestStatus.Completed;
            return answer;
        }
        finally
        {
            book.Close(entry, status);
        }
    }

    async Task<bool> PassAsync(HttpContext context, UpstreamModel model, UpstreamModel.Sent sent,
        RequestEntry entry)
    {
        var upstream = sent.Response;
        context.Response.StatusCode = (int)upstream.StatusCode;
        context.Response.ContentType = upstream.Content.Headers.ContentType?.ToString();
        foreach (var name in new[] { "retry-after", "retry-after-ms" })
        {
            if (upstream.Headers.TryGetValues(name, out var values))
                context.Response.Headers[name] = string.Join(",", values);
        }
        if (upstream.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            return await StreamAsync(context, model, sent, entry);
        }
        var answer = await ReadWholeAsync(sent, context.RequestAborted);
        Count(model, sent.Meter, entry, answer.Span);
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        return upstream.IsSuccessStatusCode;
    }

    /// <summary>False when the upstream broke off after the first byte; the client has been told.</summary>
    async Task<bool> StreamAsync(HttpContext context, UpstreamModel model, UpstreamModel.Sent sent,
        RequestEntry entry)
    {
        var began = time.GetTimestamp();
        var splitter = new SseSplitter();
        var counter = new StreamCounter(model.Metrics, sent.Meter, entry, time, began);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        var writer = context.Response.BodyWriter;
        try
        {
            await using var stream = await sent.Response.Content.ReadAsStreamAsync(context.RequestAborted);
            int read;
            while ((read =
                await ReadAsync(stream, buffer, sent.Replica.IdleTimeout, context.RequestAborted)) > 0)
            {
                foreach (var whole in splitter.Add(buffer.AsMemory(0, read)))
                {
                    counter.Add(whole.Span);
                    writer.Write(whole.Span);
                }
                await writer.FlushAsync(context.RequestAborted);
            }
            if (!counter.IsDone)
                throw new IOException("the stream ended before its end");
            return true;
        }
        catch (Exception e) when (
            e is IOException or TimeoutException or HttpRequestException or InvalidOperationException
            && !context.RequestAborted.IsCancellationRequested)
        {
            var error =
                new ApiException(502, $"The upstream broke off: {e.Message}", "server_error", null,
                    "upstream_failed");
            if (!context.Response.HasStarted && writer.UnflushedBytes == 0)
                throw error;
            var sse = new ArrayBufferWriter<byte>(512);
            sse.Write("data: "u8);
            using (var json = new Utf8JsonWriter(sse))
                ErrorWriter.Write(json, error);
            sse.Write("\n\ndata: [DONE]\n\n"u8);
            writer.Write(sse.WrittenSpan);
            await writer.FlushAsync(context.RequestAborted);
            return false;
        }
        finally
        {
            counter.Settle();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    static async Task<int> ReadAsync(Stream stream, byte[] buffer, TimeSpan patience,
        CancellationToken cancellation)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellation).AsTask().WaitAsync(patience, cancellation);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"no byte for {patience.TotalSeconds:0.#} s");
        }
    }

    static async Task<ReadOnlyMemory<byte>> ReadWholeAsync(UpstreamModel.Sent sent,
        CancellationToken cancellation)
    {
        try
        {
            return await sent.Response.Content.ReadAsByteArrayAsync(cancellation)
                .WaitAsync(sent.Replica.IdleTimeout, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or TimeoutException)
        {
            throw new ApiException(502, $"The upstream broke off: {e.Message}", "server_error", null,
                "upstream_failed");
        }
    }

    /// <summary>The body as the replica knows it: its own name of the model, and a priority where it has
    /// them.</summary>
    static ReadOnlyMemory<byte> BodyFor(JsonElement body, UpstreamReplica replica, Level level, bool adapter)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var property in body.EnumerateObject())
            {
                var renamed = property.NameEquals("model") && replica.Config.Model is not null
                    && !adapter;
                if (renamed)
                    writer.WriteString("model"u8, replica.Config.Model);
                else if (!property.NameEquals("service_tier") && !property.NameEquals("priority"))
                    property.WriteTo(writer);
            }
            if (replica.Config.Priority)
                writer.WriteNumber("priority"u8, level.Class == ServiceClass.Batch ? 1 : 0);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    /// <summary>What keeps a conversation where it is: the client's session, its user, or its tenant's
    /// key.</summary>
    public static string KeyOf(HttpContext context, Tenant tenant, JsonElement body)
    {
        var session = context.Request.Headers["x-session-id"].ToString();
        return session.Length > 0 ? session : body.Text("user") ?? $"{tenant.Name}/{tenant.KeyId}";
    }

    static void Count(UpstreamModel model, UpstreamMeter meter, RequestEntry entry, ReadOnlySpan<byte> answer)
    {
        if (!StreamCounter.TryReadUsage(answer, out var prompt, out var cached, out var output))
            return;
        (entry.PromptTokens, entry.CachedTokens, entry.OutputTokens) = (prompt, cached, output);
        meter.AddPrompt(entry, prompt - cached);
        meter.AddOutput(entry, output);
        model.Metrics.AddPrompt(prompt);
        model.Metrics.AddGenerated(output);
    }

    static ApiException ErrorOf(int status, ReadOnlyMemory<byte> answer)
    {
        var text =
            System.Text.Encoding.UTF8.GetString(answer.Span[..Math.Min(answer.Length, MostErrorBytes)]);
        return new ApiException(status, text, status < 500 ? "invalid_request_error" : "server_error");
    }
}
