using System;
using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>Errors in OpenAI's shape.</summary>
static class ErrorWriter
{
    public static async Task WriteAsync(HttpContext context, ApiException error)
    {
        var response = context.Response;
        if (response.HasStarted || response.BodyWriter.UnflushedBytes > 0)
        {
            // Half an answer is out: only a broken connection can say that the rest will not come.
            context.Abort();
            return;
        }
        response.StatusCode = error.Status;
        response.ContentType = "application/json; charset=utf-8";
        if (error.RetryAfter is { } retry)
        {
            var seconds = Math.Max(1, (long)Math.Ceiling(retry.TotalSeconds));
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            response.Headers["retry-after-ms"] =
                Math.Max(1, (long)Math.Ceiling(retry.TotalMilliseconds))
                    .ToString(CultureInfo.InvariantCulture);
        }
        if (error.Status == 401)
            response.Headers.WWWAuthenticate = "Bearer";
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, WireJson.Options))
            Write(writer, error);
        response.ContentLength = buffer.WrittenCount;
        await response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }

    public static void Write(Utf8JsonWriter writer, ApiException error)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, error.Message);
        writer.WriteString("type"u8, error.Type);
        writer.WriteString("param"u8, error.Parameter);
        writer.WriteString("code"u8, error.Code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
