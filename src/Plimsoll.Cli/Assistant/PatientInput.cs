using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using ModelContextProtocol.Protocol;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Cli.Assistant;

/// <summary>
/// Requests line by line, whose end is seen only when all of them are answered: whoever pipes a few in and
/// closes wants the answers all the same, and the protocol's own transport ends with its input.
/// </summary>
sealed class PatientInput(Stream requests) : ForwardStream
{
    readonly MemoryStream _line = new();
    readonly ConcurrentDictionary<string, bool> _open = [];
    readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    bool _ended;

    /// <summary>The answer to the request of that id has been written out, or nobody waits for it.</summary>
    public void Answered(string id)
    {
        _open.TryRemove(id, out _);
        if (_open.IsEmpty && Volatile.Read(ref _ended))
            _answered.TrySetResult();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken stop = default)
    {
        var read = await requests.ReadAsync(buffer, stop);
        if (read > 0)
        {
            Count(buffer.Span[..read]);
            return read;
        }
        Volatile.Write(ref _ended, true);
        if (!_open.IsEmpty)
            await _answered.Task.WaitAsync(stop);
        return 0;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken stop) =>
        ReadAsync(buffer.AsMemory(offset, count), stop).AsTask();

    public override int Read(Span<byte> buffer) => throw new NotSupportedException();

    void Count(ReadOnlySpan<byte> bytes)
    {
        for (var end = bytes.IndexOf((byte)'\n'); end >= 0; end = bytes.IndexOf((byte)'\n'))
        {
            _line.Write(bytes[..end]);
            Read(_line.GetBuffer().AsMemory(0, (int)_line.Length));
            _line.SetLength(0);
            bytes = bytes[(end + 1)..];
        }
        _line.Write(bytes);
    }

    /// <summary>What has an id and names a method is answered, unless it is called off.</summary>
    void Read(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var message = document.RootElement;
            if (message.ValueKind != JsonValueKind.Object
                || !message.TryGetProperty("method", out var method))
            {
                return;
            }
            if (message.TryGetProperty("id", out var id))
            {
                _open[id.ToString()] = true;
            }
            else if (method.ValueEquals(NotificationMethods.CancelledNotification)
                && message.GetProperty("params").TryGetProperty("requestId", out var off))
            {
                Answered(off.ToString());
            }
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException
            or InvalidOperationException)
        {
            // Not a message of the protocol: its transport says so.
        }
    }
}
