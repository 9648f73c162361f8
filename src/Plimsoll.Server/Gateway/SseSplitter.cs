using System;
using System.Collections.Generic;

namespace Plimsoll.Server.Gateway;

/// <summary>
/// Cuts a stream of server-sent events into whole ones, whatever pieces it arrives in. What is held at the
/// end is half an event and goes to nobody.
/// </summary>
public sealed class SseSplitter(int mostBytes = 1 << 20)
{
    byte[] _held = new byte[4096];
    int _count;

    /// <summary>Bytes of an event that has not ended.</summary>
    public int Held => _count;

    /// <summary>Takes a piece; gives the whole events that it completes, their blank line included.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Add(ReadOnlyMemory<byte> piece)
    {
        if (_count + piece.Length > _held.Length)
            Array.Resize(ref _held, Math.Max(2 * _held.Length, _count + piece.Length));
        piece.CopyTo(_held.AsMemory(_count));
        var from = Math.Max(0, _count - 3);
        _count += piece.Length;
        var start = 0;
        while (EndOf(from, out var end))
        {
            yield return _held.AsMemory(start, end - start);
            start = from = end;
        }
        _held.AsSpan(start, _count - start).CopyTo(_held);
        _count -= start;
        if (_count > mostBytes)
            throw new InvalidOperationException($"an event of the upstream is longer than {mostBytes} bytes");
    }

    bool EndOf(int from, out int end)
    {
        var rest = _held.AsSpan(from, _count - from);
        var unix = rest.IndexOf("\n\n"u8);
        var network = rest.IndexOf("\r\n\r\n"u8);
        end = unix >= 0 && (network < 0 || unix < network) ? from + unix + 2
            : network >= 0 ? from + network + 4
            : -1;
        return end >= 0;
    }
}
