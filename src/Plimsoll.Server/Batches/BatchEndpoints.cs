using System;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Api;
using Plimsoll.Server.Files;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server.Batches;

/// <summary><c>/v1/batches</c>: acknowledged when on disk; a tenant sees its own and nothing else.</summary>
sealed class BatchEndpoints(Gate gate, BatchStore store, FileStore files, BatchRunner runner, BatchJob job)
{
    const int MostMetadataBytes = 16 * 1024;
    const long WindowSeconds = 86_400;

    public async Task CreateAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        using var document = JsonBody.Parse(await gate.ReadBodyAsync(context));
        var body = document.RootElement;
        var endpoint = body.Required("endpoint");
        if (endpoint is not ("/v1/chat/completions" or "/v1/completions" or "/v1/responses"
            or "/v1/embeddings"))
        {
            throw ApiException.Bad(
                $"endpoint {endpoint}: expected /v1/chat/completions, /v1/completions, "
                    + "/v1/responses or /v1/embeddings",
                "endpoint");
        }
        if (body.Required("completion_window") != "24h")
            throw ApiException.Bad("completion_window: expected 24h", "completion_window");
        var input = files.Find(tenant.Name, body.Required("input_file_id"))
            ?? throw ApiException.NotFound($"No such File object: {body.Required("input_file_id")}",
                "input_file_id");
        if (input.Purpose != "batch")
        {
            throw ApiException.Bad($"{input.Id} has purpose {input.Purpose}; expected batch",
                "input_file_id");
        }
        var metadata = body.Object("metadata")?.GetRawText();
        if (metadata?.Length > MostMetadataBytes)
            throw ApiException.Bad($"metadata is longer than {MostMetadataBytes} bytes", "metadata");
        var now = store.Now;
        var batch = new BatchRecord
        {
            Id = "batch_" + Guid.NewGuid().ToString("N"),
            Tenant = tenant.Name,
            Endpoint = endpoint,
            InputFile = input.Id,
            Status = "validating",
            Created = now,
            Expires = now + WindowSeconds,
            Metadata = metadata,
        };
        await store.InsertAsync(batch);
        runner.Wake();
        await FileEndpoints.WriteAsync(context, writer => Write(writer, batch, default));
    }

    public Task GetAsync(HttpContext context)
    {
        var batch = Own(context);
        var counts = store.Counts(batch.Id);
        return FileEndpoints.WriteAsync(context, writer => Write(writer, batch, counts));
    }

    public async Task CancelAsync(HttpContext context)
    {
        var batch = Own(context);
        if (batch.IsOver)
        {
            throw new ApiException(409, $"Cannot cancel a batch that is {batch.Status}.",
                "invalid_request_error", null, "batch_over");
        }
        // In the order in which a batch goes: one that moves on meanwhile is met at its next state.
        if (!await store.MoveAsync(batch.Id, "validating", "cancelling", "cancelling"))
            await store.MoveAsync(batch.Id, "in_progress", "cancelling", "cancelling");
        job.Cancel(batch.Id);
        runner.Wake();
        var now = store.Find(batch.Id)!;
        var counts = store.Counts(batch.Id);
        await FileEndpoints.WriteAsync(context, writer => Write(writer, now, counts));
    }

    public Task ListAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        var limit = FileEndpoints.Limit(context.Request.Query["limit"].ToString(), 20);
        var after = context.Request.Query["after"].ToString();
        var page = store.List(tenant.Name, after.Length > 0 ? after : null, limit + 1);
        return FileEndpoints.WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "list"u8);
            writer.WriteStartArray("data"u8);
            for (var i = 0; i < Math.Min(limit, page.Count); i++)
                Write(writer, page[i], store.Counts(page[i].Id));
            writer.WriteEndArray();
            writer.WriteString("first_id"u8, page.Count > 0 ? page[0].Id : null);
            writer.WriteString("last_id"u8, page.Count > 0 ? page[Math.Min(limit, page.Count) - 1].Id : null);
            writer.WriteBoolean("has_more"u8, page.Count > limit);
            writer.WriteEndObject();
        });
    }

    BatchRecord Own(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        var id = (string)context.Request.RouteValues["id"]!;
        return store.Find(id, tenant.Name)
            ?? throw ApiException.NotFound($"No batch found with id '{id}'.", "batch_id");
    }

    static void Write(Utf8JsonWriter writer, BatchRecord batch, BatchCounts counts)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, batch.Id);
        writer.WriteString("object"u8, "batch"u8);
        writer.WriteString("endpoint"u8, batch.Endpoint);
        writer.WritePropertyName("errors"u8);
        if (batch.Errors is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "list"u8);
            writer.WritePropertyName("data"u8);
            writer.WriteRawValue(batch.Errors);
            writer.WriteEndObject();
        }
        writer.WriteString("input_file_id"u8, batch.InputFile);
        writer.WriteString("completion_window"u8, "24h"u8);
        writer.WriteString("status"u8, batch.Status);
        writer.WriteString("output_file_id"u8, batch.OutputFile);
        writer.WriteString("error_file_id"u8, batch.ErrorFile);
        writer.WriteNumber("created_at"u8, batch.Created);
        Time(writer, "in_progress_at", batch.InProgress);
        Time(writer, "expires_at", batch.Expires);
        Time(writer, "finalizing_at", batch.Finalizing);
        Time(writer, "completed_at", batch.Completed);
        Time(writer, "failed_at", batch.Failed);
        Time(writer, "expired_at", batch.Expired);
        Time(writer, "cancelling_at", batch.Cancelling);
        Time(writer, "cancelled_at", batch.Cancelled);
        writer.WriteStartObject("request_counts"u8);
        writer.WriteNumber("total"u8, counts.Total);
        writer.WriteNumber("completed"u8, counts.Completed);
        writer.WriteNumber("failed"u8, counts.Failed);
        writer.WriteEndObject();
        writer.WritePropertyName("metadata"u8);
        if (batch.Metadata is null)
            writer.WriteNullValue();
        else
            writer.WriteRawValue(batch.Metadata);
        writer.WriteEndObject();
    }

    static void Time(Utf8JsonWriter writer, string name, long? seconds)
    {
        if (seconds is { } value)
            writer.WriteNumber(name, value);
        else
            writer.WriteNull(name);
    }
}
