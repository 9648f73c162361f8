using System;
using System.IO;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// A stream whose first bytes can be looked at before it is read: pipes cannot be read twice.
/// </summary>
sealed class HeadedStream(Stream rest) : ForwardStream
{
    byte[] _head = [];
    int _taken;

    /// <summary>
    /// The first bytes, as many as there are up to <paramref name="bytes"/>; before anything is read.
    /// </summary>
    public ReadOnlySpan<byte> Peek(int bytes)
    {
        if (_head.Length < bytes)
        {
            var longer = new byte[bytes];
            _head.CopyTo(longer, 0);
            var read = rest.ReadAtLeast(
                longer.AsSpan(_head.Length), bytes - _head.Length, throwOnEndOfStream: false);
            _head = longer[..(_head.Length + read)];
        }
        return _head.AsSpan(0, Math.Min(bytes, _head.Length));
    }

    public override int Read(Span<byte> buffer)
    {
        if (_taken == _head.Length)
            return rest.Read(buffer);
        var count = Math.Min(buffer.Length, _head.Length - _taken);
        _head.AsSpan(_taken, count).CopyTo(buffer);
        _taken += count;
        return count;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            rest.Dispose();
        base.Dispose(disposing);
    }
}
