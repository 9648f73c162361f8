using System;
using System.Buffers;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Plimsoll.Server.Api;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Files;

/// <summary><c>/v1/files</c>: a tenant sees its own and nothing else.</summary>
sealed class FileEndpoints(Gate gate, FileStore files, Func<string, bool> isRead)
{
    const int MostFieldBytes = 4096;
    const long MostBatchBytes = 200L << 20;
    const int PieceBytes = 64 * 1024;

    public async Task UploadAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        using var place = gate.Enter();
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase)
            || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and <= 128 } boundary)
        {
            throw ApiException.Bad("Expected multipart/form-data with file and purpose.");
        }
        var (id, part) = files.Begin();
        try
        {
            var (name, purpose) = await ReadFormAsync(context, boundary, part);
            var stored = await files.KeepAsync(id, tenant.Name, name, purpose);
            await WriteAsync(context, writer => Write(writer, stored));
        }
        catch (IOException e) when (e is not BadHttpRequestException
            && !context.RequestAborted.IsCancellationRequested)
        {
            // The system's own message names folders of ours.
            throw ApiException.Unavailable(
                "The file cannot be stored: the server's disk takes no more.", "storage_full");
        }
        finally
        {
            if (File.Exists(part))
                File.Delete(part);
        }
    }

    /// <summary>Writes the form's file to the disk; its name and its purpose.</summary>
    async Task<(string Name, string Purpose)> ReadFormAsync(HttpContext context, string boundary, string part)
    {
        var reader = new MultipartReader(boundary, context.Request.Body) { BodyLengthLimit = null };
        var most = Math.Min(MostBatchBytes, gate.Limits.MaxFileBytes);
        string? purpose = null, name = null;
        while (await NextAsync(reader, context) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                throw ApiException.Bad("A part of the form has no name.");
            var field = HeaderUtilities.RemoveQuotes(disposition.Name).Value;
            if (field != "file")
            {
                var value = await FieldAsync(section.Body, context);
                purpose = field == "purpose" ? value : purpose;
                continue;
            }
            name = HeaderUtilities.RemoveQuotes(disposition.FileName).Value ?? "file";
            if (!await FileStore.WriteAsync(part, section.Body, most, context.RequestAborted))
            {
                throw new ApiException(
                    413, $"The file is larger than {most} bytes.", "invalid_request_error", "file");
            }
        }
        if (name is null)
        {
            throw ApiException.Bad(
                "Missing required parameter: 'file'.", "file", "missing_required_parameter");
        }
        if (purpose is not ("batch" or "fine-tune" or "user_data" or "evals"))
        {
            throw ApiException.Bad(
                $"'{purpose}' is not one of ['fine-tune', 'batch', 'user_data', 'evals'] - 'purpose'",
                "purpose");
        }
        return (Shown(name), purpose);
    }

    /// <summary>A client's name for a file as it is kept and shown: no part of a path of ours.</summary>
    static string Shown(string name)
    {
        const int Most = 255;
        var shown = new StringBuilder();
        foreach (var rune in name.EnumerateRunes())
        {
            if (shown.Length + rune.Utf16SequenceLength > Most)
                break;
            shown.Append(Rune.IsControl(rune) ? "_" : rune.ToString());
        }
        return shown.ToString();
    }

    public Task ListAsync(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        var query = context.Request.Query;
        var limit = Limit(query["limit"].ToString(), 10_000);
        var purpose = query["purpose"].ToString();
        var after = query["after"].ToString();
        var page =
            files.List(tenant.Name, purpose.Length > 0 ? purpose : null, after.Length > 0 ? after
                : null, limit + 1);
        return WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("object"u8, "list"u8);
            writer.WriteStartArray("data"u8);
            for (var i = 0; i < Math.Min(limit, page.Count); i++)
                Write(writer, page[i]);
            writer.WriteEndArray();
            writer.WriteString("first_id"u8, page.Count > 0 ? page[0].Id : null);
            writer.WriteString("last_id"u8, page.Count > 0 ? page[Math.Min(limit, page.Count) - 1].Id : null);
            writer.WriteBoolean("has_more"u8, page.Count > limit);
            writer.WriteEndObject();
        });
    }

    public Task GetAsync(HttpContext context)
    {
        var file = Own(context);
        return WriteAsync(context, writer => Write(writer, file));
    }

    public async Task ContentAsync(HttpContext context)
    {
        var file = Own(context);
        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = file.Bytes;
        await using var stream = files.OpenRead(file.Id);
        var writer = context.Response.BodyWriter;
        int read;
        while ((read = await stream.ReadAsync(writer.GetMemory(PieceBytes), context.RequestAborted)) > 0)
        {
            writer.Advance(read);
            await SlowReader.FlushAsync(context, writer, gate.SlowReaderTimeout, context.RequestAborted);
        }
    }

    public async Task DeleteAsync(HttpContext context)
    {
        var file = Own(context);
        if (isRead(file.Id))
        {
            throw new ApiException(409,
                $"{file.Id} is the input of a batch; expected its end, or its cancellation, first.",
                "invalid_request_error", "id", "file_in_use");
        }
        await files.DeleteAsync(file.Tenant, file.Id);
        await WriteAsync(context, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, file.Id);
            writer.WriteString("object"u8, "file"u8);
            writer.WriteBoolean("deleted"u8, true);
            writer.WriteEndObject();
        });
    }

    /// <summary>A page's size as the query has it.</summary>
    public static int Limit(string text, int usual)
    {
        if (text.Length == 0)
            return usual;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            && limit is >= 1 and <= 10_000
            ? limit
            : throw ApiException.Bad($"limit {text}: expected 1 to 10000", "limit");
    }

    public static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
            write(writer);
        return CompletionEndpoints.WriteJsonAsync(context, buffer.WrittenMemory);
    }

    StoredFile Own(HttpContext context)
    {
        var tenant = gate.Authenticate(context);
        var id = (string)context.Request.RouteValues["id"]!;
        return files.Find(tenant.Name, id) ?? throw ApiException.NotFound($"No such File object: {id}", "id");
    }

    static async Task<MultipartSection?> NextAsync(MultipartReader reader, HttpContext context)
    {
        try
        {
            return await reader.ReadNextSectionAsync(context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException
            && !context.RequestAborted.IsCancellationRequested)
        {
            throw ApiException.Bad("The form is not well-formed multipart/form-data.");
        }
    }

    static async Task<string> FieldAsync(Stream body, HttpContext context)
    {
        var buffer = new byte[MostFieldBytes];
        var count =
            await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false,
                context.RequestAborted);
        return count == buffer.Length
            ? throw ApiException.Bad($"A field of the form is longer than {MostFieldBytes} bytes.")
            : Encoding.UTF8.GetString(buffer, 0, count);
    }

    static void Write(Utf8JsonWriter writer, StoredFile file)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, file.Id);
        writer.WriteString("object"u8, "file"u8);
        writer.WriteNumber("bytes"u8, file.Bytes);
        writer.WriteNumber("created_at"u8, file.Created);
        writer.WriteString("filename"u8, file.Name);
        writer.WriteString("purpose"u8, file.Purpose);
        writer.WriteString("status"u8, "processed"u8);
        writer.WriteNull("status_details"u8);
        writer.WriteEndObject();
    }
}
