using System;
using System.Buffers;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>An injected fault: the connection is to be cut without an answer.</summary>
sealed class ConnectionDroppedException() : Exception("The connection is dropped.");

/// <summary>Answers that are not streamed: to a client that waits, or to a batch's line.</summary>
sealed class WholeAnswer(
    ModelDirectory models, UpstreamEndpoints upstreams, Func<Levels> levels, LedgerBook book,
    Budgets budgets, TimeProvider time)
{
    /// <summary>
    /// The answer to a batch's line; throws <see cref="ApiException"/> as the endpoint would.
    /// </summary>
    /// <param name="endpoint"><c>/v1/chat/completions</c>,
    /// <c>/v1/completions</c>, <c>/v1/responses</c>, <c>/v1/embeddings</c>.</param>
    public async Task<ReadOnlyMemory<byte>> OfLineAsync(
        string endpoint, JsonElement body, string tenant, string requestId, CancellationToken cancellation)
    {
        if (models.Cascades.TryGetValue(body.Required("model"), out var cascade))
        {
            if (!CascadeAnswers.Answers(endpoint))
                throw CascadeAnswers.Elsewhere(cascade.Name);
            using var first = HoldFor(endpoint, body, tenant, cascade.First);
            var (answer, _) = await CascadeAnswers.AskAsync(
                this, cascade, endpoint, body, tenant, requestId + "_first", levels().Batch, requestId,
                cancellation);
            if (answer is { } accepted)
                return accepted;
            body = CompletionEndpoints.Renamed(body, cascade.Then);
        }
        using var hold = HoldFor(endpoint, body, tenant, body.Required("model"));
        return await OfAsync(endpoint, body, tenant, requestId, levels().Batch, requestId, cancellation);
    }

    BudgetHold? HoldFor(string endpoint, JsonElement body, string tenant, string name)
    {
        var model = upstreams.Find(name)?.Name ?? models.FindLocal(name, tenant, out _)?.Name ?? name;
        var asked = AskedTokens.Of(endpoint, body);
        return budgets.Take(tenant, model, asked.Prompt, asked.Output);
    }

    /// <summary>One model's answer at a level.</summary>
    /// <param name="key">Stable key of the conversation or user.</param>
    public async Task<ReadOnlyMemory<byte>> OfAsync(
        string endpoint, JsonElement body, string tenant, string requestId, Level level, string key,
        CancellationToken cancellation)
    {
        if (upstreams.Find(body.Required("model")) is { } upstream)
        {
            return await upstreams.OfWholeAsync(
                upstream, endpoint, body, tenant, requestId, level, key, cancellation);
        }
        var asker = tenant == ShadowTenant ? null : tenant;
        var model = CompletionEndpoints.Model(models, body.Required("model"), asker, out var adapter);
        var reader = new RequestReader(model.Engine.Codec, model.Engine.Facts.MaxModelTokens, levels(), null);
        if (endpoint == "/v1/embeddings")
        {
            return await ModelEndpoints.EmbedAsync(
                model, reader, body, book, tenant, requestId, level, _ => { }, cancellation);
        }
        if (endpoint == "/v1/responses")
        {
            return await OfResponseAsync(
                model, adapter, reader, body, tenant, requestId, level, cancellation);
        }
        var chat = endpoint == "/v1/chat/completions";
        var request =
            (chat ? reader.Chat(body) : reader.Text(body)) with { Level = level, Stream = false };
        using var run = CompletionRun.Start(model, request, tenant, requestId, book, adapter);
        var id = (chat ? "chatcmpl-" : "cmpl-") + NumberOf(requestId);
        var writer = new ChatWriter(request, id, time.GetUtcNow().ToUnixTimeSeconds());
        return await OfAsync(model, request, run, writer, cancellation);
    }

    async Task<ReadOnlyMemory<byte>> OfResponseAsync(
        LocalModel model, string? adapter, RequestReader reader, JsonElement body, string tenant,
        string requestId, Level level, CancellationToken cancellation)
    {
        var request = ResponseReader.Read(reader, body) with { Level = level, Stream = false };
        using var run = CompletionRun.Start(model, request, tenant, requestId, book, adapter);
        var writer = new ResponseWriter(
            request, body, NumberOf(requestId), time.GetUtcNow().ToUnixTimeSeconds());
        var choices = await GatherAsync(run, cancellation);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WireJson.Options))
            writer.WriteWhole(json, choices[0], run.Entry);
        return buffer.WrittenMemory;
    }

    /// <summary>What is its own in a request's name: of <c>req_8f2c…_first</c> the long part.</summary>
    static string NumberOf(string requestId)
    {
        var longest = "";
        foreach (var part in requestId.Split('_'))
            longest = part.Length > longest.Length ? part : longest;
        return longest;
    }

    /// <summary>The answer to a copy that a rollout sends to its candidate: batch work, billed to
    /// nobody's tenant but the rollout's own.</summary>
    public Task<ReadOnlyMemory<byte>> OfCopyAsync(
        string endpoint, JsonElement body, Answerer candidate, CancellationToken cancellation)
    {
        var request = $"shadow_{Guid.NewGuid():N}";
        var renamed = CompletionEndpoints.Renamed(body, candidate.Name);
        return candidate.Upstream is { } upstream
            ? upstreams.OfWholeAsync(upstreams.Find(upstream)!, endpoint, renamed, ShadowTenant, request,
                levels().Batch, request, cancellation)
            : OfLineAsync(endpoint, renamed, ShadowTenant, request, cancellation);
    }

    const string ShadowTenant = "rollout-shadow";

    public static async Task<ReadOnlyMemory<byte>> OfAsync(
        LocalModel model, CompletionRequest request, CompletionRun run, ChatWriter writer,
            CancellationToken cancellation)
    {
        var choices = await GatherAsync(run, cancellation);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WireJson.Options))
            writer.WriteWhole(json, choices, run.Entry, choice => Echo(model, request, choice));
        return buffer.WrittenMemory;
    }

    public static async Task<ChoiceText[]> GatherAsync(CompletionRun run, CancellationToken cancellation)
    {
        var choices = new ChoiceText[run.Choices];
        for (var i = 0; i < choices.Length; i++)
            choices[i] = new ChoiceText();
        await foreach (var (choice, token) in run.ReadAsync(cancellation))
        {
            if (token.Finish == FinishReason.Dropped)
                throw new ConnectionDroppedException();
            choices[choice].Add(token);
        }
        foreach (var choice in choices)
        {
            if (choice.Failure is { } failure)
                throw new ApiException(500, failure, "server_error");
        }
        return choices;
    }

    /// <summary>The prompt of an answer, as text.</summary>
    public static string Echo(LocalModel model, CompletionRequest request, int choice) =>
        model.Engine.Codec.Decode(request.Prompts[choice / request.Choices]);
}
