using System;
using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Cascade;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;

namespace Plimsoll.Server.Api;

/// <summary>
/// Asks a cascade's small model. Its answer is judged whole, so a client that streams gets the first token
/// when the small model has finished, or the large one's stream as it comes.
/// </summary>
sealed class CascadeAnswers(Gate gate, WholeAnswer answers, Func<Levels> levels)
{
    /// <summary>Rules read choices: a cascade answers where answers have them.</summary>
    public static bool Answers(string endpoint) =>
        endpoint is "/v1/chat/completions" or "/v1/completions";

    /// <summary>Asked where it does not answer.</summary>
    public static ApiException Elsewhere(string name) => ApiException.Bad(
        $"The model '{name}' is a cascade: it answers /v1/chat/completions and /v1/completions.", "model");

    /// <summary>
    /// Answers the client by the small model; false where the large one is to be asked, the reason in a
    /// header. Both are metered: the client pays for what was computed.
    /// </summary>
    public async Task<bool> TryAsync(
        HttpContext context, Tenant tenant, CascadeModel cascade, JsonElement body)
    {
        var level = levels().Choose(body.Text("service_tier"), tenant.Options.Level);
        var key = UpstreamEndpoints.KeyOf(context, tenant, body);
        var asked = AskedTokens.Of(context.Request.Path, body);
        var reservation = gate.Reserve(context, tenant, cascade.First, asked.Prompt, asked.Output);
        var (answer, reason) = await AskAsync(answers, cascade, context.Request.Path, body, tenant.Name,
            RequestShell.RequestId(context) + "_first", level, key, context.RequestAborted);
        // The large model's tokens are reserved when it is asked.
        UpstreamUsage usage = default;
        if (answer is { } given)
            UsageReader.TryRead(given.Span, out usage, out _);
        reservation.Settle(asked.Prompt, usage.OutputTokens);
        context.Response.Headers["x-plimsoll-cascade"] = reason is null ? "first" : $"then; {reason}";
        if (answer is not { } whole)
            return false;
        context.Response.Headers["x-plimsoll-level"] = level.Name;
        if (body.Flag("stream"))
            await WriteEventsAsync(context, body, whole);
        else
            await CompletionEndpoints.WriteJsonAsync(context, whole);
        return true;
    }

    /// <summary>The small model's answer, or why it will not do.</summary>
    public static async Task<(ReadOnlyMemory<byte>? Answer, string? Reason)> AskAsync(
        WholeAnswer answers, CascadeModel cascade, string endpoint, JsonElement body, string tenant,
        string requestId, Level level, string key, CancellationToken cancellation)
    {
        string? reason;
        ReadOnlyMemory<byte> answer = default;
        var asks = cascade.Rule.NeedsLogprobs && !body.Has("logprobs", out _);
        try
        {
            answer = await answers.OfAsync(
                endpoint, ForFirst(cascade, endpoint, body, asks), tenant, requestId, level, key,
                cancellation);
            using var document = JsonDocument.Parse(answer);
            reason = cascade.Rule.WhyNot(body, document.RootElement);
        }
        catch (ApiException error) when (error.Status is 429 or >= 500)
        {
            reason = "failed";
        }
        catch (Exception e) when (e is ConnectionDroppedException or JsonException)
        {
            reason = "failed";
        }
        cascade.Count(reason);
        if (reason is not null)
            return (null, reason);
        return (asks ? WithoutLogprobs(answer) : answer, null);
    }

    static JsonElement ForFirst(CascadeModel cascade, string endpoint, JsonElement body, bool asksLogprobs)
    {
        var node = JsonObject.Create(body)!;
        node["model"] = cascade.First;
        node.Remove("stream");
        node.Remove("stream_options");
        if (asksLogprobs)
            node["logprobs"] = endpoint == "/v1/completions" ? 0 : true;
        return JsonSerializer.SerializeToElement(node, JsonNodes.Default.JsonObject);
    }

    /// <summary>The answer without what only the rule wanted to see.</summary>
    static byte[] WithoutLogprobs(ReadOnlyMemory<byte> answer)
    {
        var node = JsonNode.Parse(answer.Span)!;
        foreach (var choice in node["choices"]!.AsArray())
            choice!["logprobs"] = null;
        return System.Text.Encoding.UTF8.GetBytes(node.ToJsonString());
    }

    /// <summary>A whole answer as the events that a stream would have had, text and end in one.</summary>
    static async Task WriteEventsAsync(HttpContext context, JsonElement body, ReadOnlyMemory<byte> answer)
    {
        var whole = JsonNode.Parse(answer.Span)!.AsObject();
        var usage = whole["usage"]?.DeepClone();
        var wantsUsage = body.Object("stream_options") is { } options && options.Flag("include_usage");
        var isChat = whole["object"]?.ToString() == "chat.completion";
        whole["object"] = isChat ? "chat.completion.chunk" : "text_completion";
        whole["usage"] = null;
        foreach (var node in isChat ? whole["choices"]!.AsArray() : [])
        {
            var choice = node!.AsObject();
            var message = choice["message"]!.DeepClone().AsObject();
            choice.Remove("message");
            var index = 0;
            foreach (var call in message["tool_calls"]?.AsArray() ?? [])
                call!["index"] = index++;
            message.Remove("refusal");
            choice["delta"] = message;
        }
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        var pipe = context.Response.BodyWriter;
        WriteEvent(pipe, whole);
        if (wantsUsage)
        {
            whole["choices"] = new JsonArray();
            whole["usage"] = usage;
            WriteEvent(pipe, whole);
        }
        pipe.Write("data: [DONE]\n\n"u8);
        await pipe.FlushAsync(context.RequestAborted);
    }

    static void WriteEvent(IBufferWriter<byte> to, JsonObject one)
    {
        to.Write("data: "u8);
        to.Write(JsonSerializer.SerializeToUtf8Bytes(one, JsonNodes.Wire.JsonObject));
        to.Write("\n\n"u8);
    }
}
