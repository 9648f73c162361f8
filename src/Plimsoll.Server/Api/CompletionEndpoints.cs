using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Engine;
using Plimsoll.Server.Capture;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary><c>/v1/chat/completions</c> and <c>/v1/completions</c> of engines in this process.</summary>
sealed class CompletionEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, Func<Levels> levels, LedgerBook book,
    TimeProvider time, RolloutDesk rollouts, ShadowMirror shadow, WholeAnswer answers,
    TrafficCapture capture)
{
    public Task ChatAsync(HttpContext context) => AnswerAsync(context, CompletionKind.Chat);

    public Task TextAsync(HttpContext context) => AnswerAsync(context, CompletionKind.Text);

    async Task AnswerAsync(HttpContext context, CompletionKind kind)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        var body = await gate.ReadBodyAsync(context);
        using var document = JsonBody.Parse(body);
        var root = document.RootElement;
        var routed = rollouts.Route(root.Required("model"), UpstreamEndpoints.KeyOf(context, tenant, root));
        if (routed is not null)
        {
            shadow.Mirror(routed, context.Request.Path, root);
            context.Response.Headers["x-plimsoll-release"] = routed.Release;
            root = Renamed(root, routed.Answerer.Name);
        }
        if (models.Cascades.TryGetValue(root.Required("model"), out var cascade))
        {
            if (await new CascadeAnswers(gate, answers, levels).TryAsync(context, tenant, cascade, root))
                return;
            root = Renamed(root, cascade.Then);
        }
        while (upstreams.Find(routed?.Answerer.Upstream ?? root.Required("model")) is { } upstream)
        {
            if (await TryUpstreamAsync(context, tenant, upstream, root, routed))
                return;
            (root, routed) = (Renamed(root, upstream.Fallback!), null);
            context.Response.Headers["x-plimsoll-fallback"] = upstream.Fallback;
        }
        // A rollout's candidate is whom the operator has put before the task's traffic.
        var asker = routed is null ? tenant.Name : null;
        var model = Model(models, root.Required("model"), asker, out var adapter);
        var reader =
            new RequestReader(model.Engine.Codec, model.Engine.Facts.MaxModelTokens, levels(),
                tenant.Options.Level);
        var request = kind == CompletionKind.Chat ? reader.Chat(root) : reader.Text(root);
        request = request with
        {
            TtftNs = RequestShell.PromiseHeader(context, "x-slo-ttft-ms"),
            ItlNs = RequestShell.PromiseHeader(context, "x-slo-tpot-ms"),
        };
        await RunAsync(context, tenant, model, adapter, request, root, routed);
    }

    /// <summary>False when no replica answers and another model stands in.</summary>
    async Task<bool> TryUpstreamAsync(HttpContext context, Tenant tenant, UpstreamModel upstream,
        JsonElement root, RoutedRequest? routed)
    {
        try
        {
            await upstreams.AnswerAsync(context, tenant, upstream, root, routed);
            return true;
        }
        catch (ApiException error) when (error.Code == "no_upstream" && upstream.Fallback is not null)
        {
            return false;
        }
    }

    /// <summary>The same body for another model.</summary>
    public static JsonElement Renamed(JsonElement root, string model)
    {
        var node = JsonObject.Create(root)!;
        node["model"] = model;
        return JsonSerializer.SerializeToElement(node, JsonNodes.Default.JsonObject);
    }

    /// <summary>The engine that serves a model; 404 when there is none.</summary>
    public static LocalModel Model(
        ModelDirectory models, string name, string? tenant, out string? adapter) =>
        models.FindLocal(name, tenant, out adapter) ?? throw ApiException.UnknownModel(name);

    /// <summary>What rate limits reserve for an answer whose length nobody limits, tokens.</summary>
    public const int UsualOutputTokens = 1024;

    public static long ReservedTokens(CompletionRequest request) =>
        (long)request.Choices * request.Prompts.Count
        * (request.LimitsOutput ? request.MaxOutputTokens
            : Math.Min(UsualOutputTokens, request.MaxOutputTokens));

    async Task RunAsync(HttpContext context, Tenant tenant, LocalModel model, string? adapter,
        CompletionRequest request, JsonElement root, RoutedRequest? routed)
    {
        var captures = tenant.Options.Capture && request is { Kind: CompletionKind.Chat, ForcedTool: null };
        var reservation = gate.Reserve(
            context, tenant, model.Name, request.PromptTokens, ReservedTokens(request));
        using var run = CompletionRun.Start(
            model, request, tenant.Name, RequestShell.RequestId(context), book, adapter, routed?.Release);
        if (routed is not null || captures)
            run.Transcript = new StringBuilder();
        context.Response.Headers["x-plimsoll-level"] = run.RelegatedTo ?? request.Level.Name;
        var id = (request.Kind == CompletionKind.Chat ? "chatcmpl-" : "cmpl-")
            + RequestShell.RequestId(context)[4..];
        var writer = new ChatWriter(request, id, time.GetUtcNow().ToUnixTimeSeconds());
        try
        {
            if (request.Stream)
                await StreamAsync(context, model, request, run, writer);
            else
                await WholeAsync(context, model, request, run, writer);
        }
        finally
        {
            reservation.Settle(run.Entry);
            run.Dispose();
            if (captures && run.Entry.Status == RequestStatus.Completed)
            {
                var finish = run.Entry.IsCut ? "length" : "stop";
                capture.Add(tenant.Name, root, run.Transcript!.ToString(), finish);
            }
            if (run.Entry.Status is RequestStatus.Completed or RequestStatus.Failed)
            {
                routed?.Ended(new AnswerReport(run.Entry.Status == RequestStatus.Failed, run.Entry.TtftNs,
                    request.TtftNs ?? request.Level.TtftNs, run.Transcript?.ToString()));
            }
        }
    }

    async Task StreamAsync(HttpContext context, LocalModel model, CompletionRequest request,
        CompletionRun run, ChatWriter writer)
    {
        SseStream? stream = null;
        var echoed = new HashSet<int>();
        try
        {
            await foreach (var (choice, token) in run.ReadAsync(context.RequestAborted))
            {
                if (token.Finish is FinishReason.Failed or FinishReason.Dropped or FinishReason.Cancelled)
                {
                    await FailAsync(context, stream, token);
                    return;
                }
                stream ??= new SseStream(context, gate.SlowReaderTimeout);
                if (writer.Begins(choice))
                {
                    writer.WriteRole(stream.Begin(), choice);
                    stream.End();
                }
                var echo = request.Echo && echoed.Add(choice)
                    ? WholeAnswer.Echo(model, request, choice) : null;
                writer.WriteToken(stream.Begin(), choice, token, echo);
                stream.End();
                if (!run.HasMore)
                    await stream.FlushAsync(context.RequestAborted);
            }
        }
        catch (ApiException error) when (stream is not null)
        {
            await FailAsync(context, stream, error);
            return;
        }
        if (stream is null)
            return;
        if (request.IncludeUsage)
        {
            writer.WriteUsage(stream.Begin(), run.Entry);
            stream.End();
        }
        stream.Done();
        await stream.FlushAsync(context.RequestAborted);
    }

    /// <summary>
    /// An engine's failure: an error before the first byte, an event after it, a cut where
    /// that was asked for.
    /// </summary>
    public static async Task FailAsync(HttpContext context, SseStream? stream, AnswerToken token)
    {
        if (token.Finish == FinishReason.Dropped)
        {
            context.Abort();
            return;
        }
        var error =
            new ApiException(500, token.Text.Length > 0 ? token.Text
                : "The engine gave no answer.", "server_error");
        if (stream is null)
            throw error;
        await FailAsync(context, stream, error);
    }

    /// <summary>An error after the first byte: the stream's last event.</summary>
    public static async Task FailAsync(HttpContext context, SseStream stream, ApiException error)
    {
        ErrorWriter.Write(stream.Begin(), error);
        stream.End();
        stream.Done();
        await stream.FlushAsync(context.RequestAborted);
    }

    async Task WholeAsync(HttpContext context, LocalModel model, CompletionRequest request,
        CompletionRun run, ChatWriter writer)
    {
        try
        {
            await WriteJsonAsync(context,
                await WholeAnswer.OfAsync(model, request, run, writer, context.RequestAborted));
        }
        catch (ConnectionDroppedException)
        {
            context.Abort();
        }
    }

    public static async Task WriteJsonAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }
}

[JsonSerializable(typeof(JsonObject))]
sealed partial class JsonNodes : JsonSerializerContext
{
    public static JsonNodes Wire { get; } = new(new JsonSerializerOptions { Encoder = WireJson.Encoder });
}
