using System;
using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;
using Plimsoll.Server.Wire;

namespace Plimsoll.Server.Api;

/// <summary>
/// Server-sent events of JSON. Events are written into the response's own buffer and flushed when there is
/// nothing more to write just now, so a burst of tokens costs one system call.
/// </summary>
sealed class SseStream
{
    static readonly JsonWriterOptions _options = WireJson.Options with { SkipValidation = true };

    readonly PipeWriter _pipe;
    readonly Utf8JsonWriter _writer;
    readonly TimeSpan _patience;
    readonly HttpContext _context;

    /// <param name="context">Whose response it is.</param>
    /// <param name="patience">How long a client may leave what is written unread.</param>
    public SseStream(HttpContext context, TimeSpan patience)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        _context = context;
        _pipe = context.Response.BodyWriter;
        _writer = new Utf8JsonWriter(_pipe, _options);
        _patience = patience;
    }

    /// <summary>Begins an event; its JSON goes into what is returned.</summary>
    public Utf8JsonWriter Begin(ReadOnlySpan<byte> eventName = default)
    {
        if (!eventName.IsEmpty)
        {
            _pipe.Write("event: "u8);
            _pipe.Write(eventName);
            _pipe.Write("\n"u8);
        }
        _pipe.Write("data: "u8);
        _writer.Reset(_pipe);
        return _writer;
    }

    public void End()
    {
        _writer.Flush();
        _pipe.Write("\n\n"u8);
    }

    public void Done() => _pipe.Write("data: [DONE]\n\n"u8);

    /// <summary>Sends what is written. A client that does not read in time loses its connection.</summary>
    public ValueTask FlushAsync(CancellationToken cancellation) =>
        SlowReader.FlushAsync(_context, _pipe, _patience, cancellation);
}
