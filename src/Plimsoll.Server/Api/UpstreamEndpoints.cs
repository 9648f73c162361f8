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
using Plimsoll.Server.Capture;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;
using Plimsoll.Server.Wire;
using static Plimsoll.Server.Api.UpstreamReading;

namespace Plimsoll.Server.Api;

/// <summary>
/// Requests that engines behind the gateway answer. Bodies pass as they are but for the model's name; events
/// pass whole and unchanged, counted as they go by.
/// </summary>
sealed class UpstreamEndpoints(
    Gate gate, IReadOnlyDictionary<string, UpstreamModel> models, Func<Levels> levels, LedgerBook book,
        TimeProvider time, TrafficCapture capture)
{
    /// <summary>The model of that name or with that adapter; null when no upstream serves it.</summary>
    public UpstreamModel? Find(string name)
    {
        if (models.TryGetValue(name, out var named))
            return named;
        foreach (var model in models.Values)
        {
            if (model.Knows(name))
                return model;
        }
        return null;
    }

    /// <summary>The adapter that a body names; null where it names the model.</summary>
    public static string? AdapterOf(UpstreamModel model, JsonElement body) =>
        body.Required("model") is var name && name != model.Name ? name : null;

    public IEnumerable<UpstreamModel> All => models.Values;

    /// <summary>Answers a client.</summary>
    /// <param name="routed">The rollout's choice.</param>
    public async Task AnswerAsync(HttpContext context, Tenant tenant, UpstreamModel model, JsonElement body,
        RoutedRequest? routed = null)
    {
        var level = LevelOf(context, tenant, body);
        var asked = AskedTokens.Of(context.Request.Path, body, model.Served);
        var limit = AskedTokens.LimitOf(body);
        var (streams, choices) = (body.Flag("stream"), body.Whole("n", 1, RequestReader.MostChoices) ?? 1);
        var reservation = gate.Reserve(context, tenant, model.Name, asked.Prompt, asked.Output);
        var adapter = AdapterOf(model, body);
        var prompt = Admitted(context, model, level, body, adapter, reservation);
        var entry = book.Open(RequestShell.RequestId(context), tenant.Name, level.Name, model.Name,
            adapter ?? "", routed?.Release, RequestShell.OperationOf(context.Request.Path));
        entry.Estimated = true;
        context.Response.Headers["x-plimsoll-level"] = level.Name;
        var status = RequestStatus.Failed;
        try
        {
            using var sent = await model.SendAsync(
                context.Request.Path,
                replica => UpstreamBody.For(body, replica, level, adapter is not null,
                    asStream: prompt is { Streams: true } && !streams),
                KeyOf(context, tenant, body), prompt, adapter, context.RequestAborted);
            context.Response.Headers["x-plimsoll-upstream"] = sent.Replica.Config.Url;
            // An answer that goes by is put together only where somebody wants to keep it.
            var kept = tenant.Options.Capture && context.Request.Path == "/v1/chat/completions"
                ? new StreamedAnswer() : null;
            if (await PassAsync(context, model, sent, entry, level, streams, kept))
            {
                status = RequestStatus.Completed;
                if (kept?.Whole() is { } exchange)
                    capture.Add(tenant.Name, body, exchange);
            }
            if (prompt is not null)
                model.Twins!.Learn(prompt, entry.PromptTokens);
        }
        catch (OperationCanceledException e) when (
            e is SlowReaderException || context.RequestAborted.IsCancellationRequested)
        {
            status = RequestStatus.Cancelled;
            throw;
        }
        catch (ApiException error) when (error.Code == "no_upstream")
        {
            reservation.Cancel();
            throw;
        }
        finally
        {
            entry.Judge(level.TtftNs, level.ItlNs);
            reservation.Settle(entry);
            model.Metrics.Finish(status != RequestStatus.Completed, entry.IsCut, entry.Kept);
            model.Metrics.AddRequest(entry.PromptTokens, entry.OutputTokens, entry.OutputTokens,
                choices, limit);
            book.Close(entry, status);
            Report(context, routed, entry, level, status);
        }
    }

    /// <summary>Tells a rollout; what the client got wrong or gave up says nothing of who answered.</summary>
    static void Report(HttpContext context, RoutedRequest? routed, RequestEntry entry, Level level,
        RequestStatus status)
    {
        if (status != RequestStatus.Cancelled && context.Response.StatusCode is < 400 or >= 500)
        {
            routed?.Ended(
                new AnswerReport(status == RequestStatus.Failed, entry.TtftNs, level.TtftNs, Text: null));
        }
    }

    /// <summary>A whole answer: to a batch's line, or to a cascade that will judge it.</summary>
    /// <param name="key">Stable key of the conversation or user.</param>
    public async Task<ReadOnlyMemory<byte>> OfWholeAsync(
        UpstreamModel model, string endpoint, JsonElement body, string tenant, string requestId, Level level,
        string key, CancellationToken cancellation)
    {
        var adapter = AdapterOf(model, body);
        var entry = book.Open(requestId, tenant, level.Name, model.Name, adapter ?? "",
            operation: RequestShell.OperationOf(endpoint));
        entry.Estimated = true;
        var status = RequestStatus.Failed;
        try
        {
            var prompt = model.PromptOf(endpoint, body);
            var answer = prompt is not null && level.Class == ServiceClass.Batch
                ? await InSlackAsync(model, endpoint, body, level, prompt, entry, adapter, cancellation)
                : await AtOnceAsync(model, endpoint, body, level, key, prompt, entry, adapter, cancellation);
            status = RequestStatus.Completed;
            return answer;
        }
        catch (ApiException error) when (error.Code == "no_upstream" && level.Class == ServiceClass.Batch)
        {
            // A line that no replica took is asked again, and booked when one does.
            book.Withdraw(entry);
            throw;
        }
        finally
        {
            if (status == RequestStatus.Failed && cancellation.IsCancellationRequested)
                status = RequestStatus.Cancelled;
            entry.Judge(level.TtftNs, level.ItlNs);
            model.Metrics.Finish(status != RequestStatus.Completed, entry.IsCut, entry.Kept);
            book.Close(entry, status);
        }
    }

    async Task<ReadOnlyMemory<byte>> AtOnceAsync(
        UpstreamModel model, string endpoint, JsonElement body, Level level, string key,
        UpstreamPrompt? prompt, RequestEntry entry, string? adapter, CancellationToken cancellation)
    {
        using var sent = await model.SendAsync(
            endpoint,
            replica => UpstreamBody.For(
                body, replica, level, adapter is not null, asStream: prompt is { Streams: true }),
            key, prompt, adapter, cancellation);
        return prompt is { Streams: true } ? await GatherAsync(model, sent, entry, cancellation)
            : await WholeAsync(model, sent, entry, cancellation);
    }

    /// <summary>
    /// A line goes when the twin lets it, piece by piece where it does not fit whole, and starts again where
    /// it had to make room: what is computed of its prompt is cached, and none of its answer had come. What
    /// cannot be cut goes whole, or it never would.
    /// </summary>
    async Task<ReadOnlyMemory<byte>> InSlackAsync(
        UpstreamModel model, string endpoint, JsonElement body, Level level, UpstreamPrompt prompt,
        RequestEntry entry, string? adapter, CancellationToken cancellation)
    {
        int? home = null;
        while (true)
        {
            using var grant = await model.Twins!.ReleaseAsync(prompt, adapter, home, cancellation);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, grant.Paused);
            try
            {
                var slice = grant.Release.IsWhole || !prompt.Streams ? null : UpstreamBody.Slice(
                    body, model.Replicas[grant.Replica], level,
                    (double)grant.Release.PromptTokens / prompt.Tokens, adapter is not null);
                using var sent = await model.SendAsync(
                    endpoint,
                    replica => slice
                        ?? UpstreamBody.For(body, replica, level, adapter is not null, prompt.Streams),
                    grant, adapter, either.Token);
                var answer = prompt.Streams
                    ? await GatherAsync(model, sent, slice is null ? entry : null, either.Token)
                    : await WholeAsync(model, sent, entry, either.Token);
                if (slice is not null)
                {
                    home = grant.Replica;
                    continue;
                }
                model.Twins.Learn(prompt, entry.PromptTokens);
                return answer;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                home = null;
            }
        }
    }

    /// <summary>A stream of the upstream's as one answer.</summary>
    /// <param name="entry">Whom to charge; null for a piece whose token is thrown away.</param>
    async Task<ReadOnlyMemory<byte>> GatherAsync(
        UpstreamModel model, UpstreamModel.Sent sent, RequestEntry? entry, CancellationToken cancellation)
    {
        if (!sent.Response.IsSuccessStatusCode)
            throw ErrorOf((int)sent.Response.StatusCode, await ReadWholeAsync(sent, cancellation));
        var whole = new StreamedAnswer();
        var charged = entry ?? new RequestEntry(0, "", default) { Tenant = "", Level = "", Model = "" };
        var counter = new StreamCounter(
            model.Metrics, sent.Meter, charged, time, sent.Began, sent.Twin, isCharged: entry is not null);
        try
        {
            await ReadEventsAsync(sent, counter, piece => whole.Add(piece.Span), cancellation);
        }
        catch (Exception e) when (e is IOException or TimeoutException or HttpRequestException)
        {
            throw Failed($"The upstream broke off: {e.Message}");
        }
        finally
        {
            counter.Settle();
        }
        if (whole.Error is { } error)
            throw Failed($"The upstream failed: {error["message"]}");
        return whole.Whole() ?? throw Failed("The upstream gave no answer.");
    }

    async Task ReadEventsAsync(
        UpstreamModel.Sent sent, StreamCounter counter, Action<ReadOnlyMemory<byte>> take,
        CancellationToken cancellation)
    {
        var splitter = new SseSplitter();
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            await using var stream = await sent.Response.Content.ReadAsStreamAsync(cancellation);
            int read;
            while ((read = await ReadAsync(stream, buffer, sent.Replica.IdleTimeout, cancellation)) > 0)
            {
                foreach (var whole in splitter.Add(buffer.AsMemory(0, read)))
                {
                    counter.Add(whole.Span);
                    take(whole);
                }
            }
            if (!counter.IsDone)
                throw new IOException("the stream ended before its end");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The prompt where a twin is to follow it. Who is not let in gets back the tokens that were reserved.
    /// </summary>
    static UpstreamPrompt? Admitted(HttpContext context, UpstreamModel model, Level level, JsonElement body,
        string? adapter, Reservation reservation)
    {
        try
        {
            var prompt = model.PromptOf(context.Request.Path, body);
            model.Admit(level, prompt, adapter);
            return prompt;
        }
        catch (ApiException)
        {
            reservation.Cancel();
            throw;
        }
    }

    /// <summary>The level that is asked for, with the promise of this request alone.</summary>
    Level LevelOf(HttpContext context, Tenant tenant, JsonElement body)
    {
        var level = levels().Choose(body.Text("service_tier"), tenant.Options.Level);
        return level with
        {
            TtftNs = RequestShell.PromiseHeader(context, "x-slo-ttft-ms") ?? level.TtftNs,
            ItlNs = RequestShell.PromiseHeader(context, "x-slo-tpot-ms") ?? level.ItlNs,
        };
    }

    async Task<bool> PassAsync(HttpContext context, UpstreamModel model, UpstreamModel.Sent sent,
        RequestEntry entry, Level level, bool streams, StreamedAnswer? kept)
    {
        var upstream = sent.Response;
        if ((int)upstream.StatusCode is < 200 or (>= 300 and < 400))
            throw Failed($"The upstream answered {(int)upstream.StatusCode}; expected answer or error.");
        context.Response.StatusCode = (int)upstream.StatusCode;
        var type = TypeOf(upstream);
        context.Response.ContentType = type;
        if (!upstream.IsSuccessStatusCode)
            PassOn(upstream, context.Response, "retry-after", "retry-after-ms");
        if (IsEventStream(type))
        {
            if (streams)
                return await StreamAsync(context, model, sent, entry, level, kept);
            var gathered = await GatherAsync(model, sent, entry, context.RequestAborted);
            kept?.Take(gathered.Span);
            entry.Judge(level.TtftNs, level.ItlNs);
            await CompletionEndpoints.WriteJsonAsync(context, PromiseSplice.Into(gathered, entry));
            return true;
        }
        var answer = await ReadWholeAsync(sent, context.RequestAborted);
        if (upstream.IsSuccessStatusCode)
            sent.Twin.Hear(last: true);
        if (upstream.IsSuccessStatusCode && !Count(model, sent.Meter, entry, answer.Span))
        {
            context.Response.ContentType = null;
            throw Failed("The upstream's answer is no JSON object.");
        }
        kept?.Take(answer.Span);
        if (upstream.IsSuccessStatusCode)
        {
            entry.Judge(level.TtftNs, level.ItlNs);
            answer = PromiseSplice.Into(answer, entry);
        }
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        return upstream.IsSuccessStatusCode;
    }

    /// <summary>False when the upstream broke off after the first byte; the client has been told.</summary>
    async Task<bool> StreamAsync(HttpContext context, UpstreamModel model, UpstreamModel.Sent sent,
        RequestEntry entry, Level level, StreamedAnswer? kept)
    {
        var splitter = new SseSplitter();
        var counter = new StreamCounter(model.Metrics, sent.Meter, entry, time, sent.Began, sent.Twin);
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        var writer = context.Response.BodyWriter;
        var patience = gate.SlowReaderTimeout;
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
                    kept?.Add(whole.Span);
                    var isLast = PromiseSplice.IsUsageEvent(whole.Span);
                    if (isLast)
                        entry.Judge(level.TtftNs, level.ItlNs);
                    writer.Write((isLast ? PromiseSplice.Into(whole, entry) : whole).Span);
                }
                await SlowReader.FlushAsync(context, writer, patience, context.RequestAborted);
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
            using (var json = new Utf8JsonWriter(sse, WireJson.Options))
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

    /// <summary>What keeps a conversation where it is: the client's session, its user, or its tenant's
    /// key.</summary>
    public static string KeyOf(HttpContext context, Tenant tenant, JsonElement body)
    {
        var session = context.Request.Headers["x-session-id"].ToString();
        return session.Length > 0 ? session : body.Text("user") ?? $"{tenant.Name}/{tenant.KeyId}";
    }
}
