using System;
using System.Buffers;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Tenants;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary><c>/v1/responses</c>: a chat under another shape; nothing is stored. Upstreams answer it
/// themselves.</summary>
sealed class ResponseEndpoints(
    Gate gate, ModelDirectory models, UpstreamEndpoints upstreams, Func<Levels> levels, LedgerBook book,
    TimeProvider time)
{
    public async Task CreateAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        var bytes = await gate.ReadBodyAsync(context);
        using var document = JsonBody.Parse(bytes);
        var body = document.RootElement;
        if (upstreams.Find(body.Required("model")) is { } upstream)
        {
            await upstreams.AnswerAsync(context, tenant, upstream, body);
            return;
        }
        if (models.Cascades.ContainsKey(body.Required("model")))
            throw CascadeAnswers.Elsewhere(body.Required("model"));
        var model = CompletionEndpoints.Model(models, body.Required("model"), tenant.Name, out var adapter);
        var reader = new RequestReader(
            model.Engine.Codec, model.Engine.Facts.MaxModelTokens, levels(), tenant.Options.Level);
        var request = ResponseReader.Read(reader, body) with
        {
            TtftNs = RequestShell.PromiseHeader(context, "x-slo-ttft-ms"),
            ItlNs = RequestShell.PromiseHeader(context, "x-slo-tpot-ms"),
        };
        await RunAsync(context, tenant, model, adapter, request, body);
    }

    async Task RunAsync(
        HttpContext context, Tenant tenant, LocalModel model, string? adapter, CompletionRequest request,
        JsonElement body)
    {
        var reservation = gate.Reserve(context, tenant, model.Name, request.PromptTokens,
            CompletionEndpoints.ReservedTokens(request));
        var id = RequestShell.RequestId(context);
        using var run = CompletionRun.Start(model, request, tenant.Name, id, book, adapter);
        context.Response.Headers["x-plimsoll-level"] = run.RelegatedTo ?? request.Level.Name;
        var writer = new ResponseWriter(request, body, id[4..], time.GetUtcNow().ToUnixTimeSeconds());
        try
        {
            if (request.Stream)
                await StreamAsync(context, run, writer);
            else
                await WholeAsync(context, run, writer);
        }
        catch (ConnectionDroppedException)
        {
            context.Abort();
        }
        finally
        {
            reservation.Settle(run.Entry);
        }
    }

    static async Task WholeAsync(HttpContext context, CompletionRun run, ResponseWriter writer)
    {
        var choices = await WholeAnswer.GatherAsync(run, context.RequestAborted);
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer, WireJson.Options))
            writer.WriteWhole(json, choices[0], run.Entry);
        await CompletionEndpoints.WriteJsonAsync(context, buffer.WrittenMemory);
    }

    async Task StreamAsync(HttpContext context, CompletionRun run, ResponseWriter writer)
    {
        SseStream? stream = null;
        var answer = new ChoiceText();
        try
        {
            await foreach (var (_, token) in run.ReadAsync(context.RequestAborted))
            {
                if (token.Finish is FinishReason.Failed or FinishReason.Dropped or FinishReason.Cancelled)
                {
                    await CompletionEndpoints.FailAsync(context, stream, token);
                    return;
                }
                if (stream is null)
                {
                    stream = new SseStream(context, gate.SlowReaderTimeout);
                    writer.WriteState(stream, "response.created", null, run.Entry);
                    writer.WriteState(stream, "response.in_progress", null, run.Entry);
                }
                answer.Add(token);
                writer.WriteText(stream, token.Text, token.Finish != FinishReason.None);
                if (!run.HasMore)
                    await stream.FlushAsync(context.RequestAborted);
            }
        }
        catch (ApiException error) when (stream is not null)
        {
            await CompletionEndpoints.FailAsync(context, stream, error);
            return;
        }
        if (stream is null)
            return;
        writer.WriteClosing(stream, answer);
        writer.WriteState(stream, "response." + ResponseWriter.StatusOf(answer), answer, run.Entry);
        await stream.FlushAsync(context.RequestAborted);
    }
}
