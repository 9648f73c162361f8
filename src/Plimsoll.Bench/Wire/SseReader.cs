using System;

namespace Plimsoll.Bench.Wire;

/// <summary>
/// Cuts a byte stream into server-sent events without copying or allocating: the caller reads from the
/// network into <see cref="Room"/>, says how much came, and takes the events that are now whole.
/// (WHATWG HTML, "Parsing an event stream"; a lone carriage return does not end a line here.)
/// </summary>
sealed class SseReader
{
    /// <summary>An event longer than this is no token of a language model.</summary>
    public const int MostBytes = 1 << 22;

    const int StartBytes = 1 << 12;

    byte[] _buffer = new byte[StartBytes];
    int _eventStart;
    int _lineStart;
    int _end;
    int _dataStart;
    int _dataLength = -1;
    bool _begun;

    /// <summary>Bytes of an event that is not whole yet.</summary>
    public int Pending => _end - _eventStart;

    /// <summary>Whether an event outgrew <see cref="MostBytes"/>; nothing more can be read.</summary>
    public bool IsTooLong => Pending >= MostBytes;

    /// <summary>Where the next bytes of the stream go; never empty unless <see cref="IsTooLong"/>.</summary>
    public Memory<byte> Room()
    {
        if (_eventStart == _end)
            _eventStart = _lineStart = _end = 0;
        if (_end == _buffer.Length)
            MakeRoom();
        return _buffer.AsMemory(_end);
    }

    /// <summary>Says that this many bytes were read into <see cref="Room"/>.</summary>
    public void Came(int bytes) => _end += bytes;

    /// <summary>
    /// The data of the next whole event; valid until the next call of <see cref="Room"/>. Events without data
    /// are skipped. The lines of an event with several are joined with line feeds.
    /// </summary>
    public bool TryTake(out ReadOnlySpan<byte> data)
    {
        while (true)
        {
            var rest = _buffer.AsSpan(_lineStart, _end - _lineStart);
            var length = rest.IndexOf((byte)'\n');
            if (length < 0)
            {
                data = default;
                return false;
            }
            ReadOnlySpan<byte> line = rest[..length];
            var start = _lineStart;
            _lineStart += length + 1;
            if (line is [.., (byte)'\r'])
                line = line[..^1];
            start += Opening(ref line);
            if (!line.IsEmpty)
            {
                Line(line, start);
                continue;
            }
            _eventStart = _lineStart;
            if (TakeData(out data))
                return true;
        }
    }

    /// <summary>
    /// At the end of the stream: the data of an event that nobody closed with an empty line.
    /// </summary>
    public bool TryTakeRest(out ReadOnlySpan<byte> data)
    {
        if (_lineStart < _end)
        {
            ReadOnlySpan<byte> line = _buffer.AsSpan(_lineStart, _end - _lineStart).TrimEnd((byte)'\r');
            var start = _lineStart + Opening(ref line);
            Line(line, start);
            _lineStart = _end;
        }
        _eventStart = _end;
        return TakeData(out data);
    }

    /// <summary>Forgets everything, for the next stream.</summary>
    public void Clear()
    {
        _eventStart = _lineStart = _end = 0;
        _dataLength = -1;
        _begun = false;
    }

    /// <summary>Takes the byte order mark off a stream's first line; its length where there is one.</summary>
    int Opening(ref ReadOnlySpan<byte> line)
    {
        var mark = !_begun && line.StartsWith("\uFEFF"u8) ? 3 : 0;
        _begun = true;
        line = line[mark..];
        return mark;
    }

    bool TakeData(out ReadOnlySpan<byte> data)
    {
        data = _dataLength < 0 ? default : _buffer.AsSpan(_dataStart, _dataLength);
        var any = _dataLength >= 0;
        _dataLength = -1;
        return any;
    }

    void Line(ReadOnlySpan<byte> line, int start)
    {
        if (!line.StartsWith("data:"u8))
            return;
        var skip = line.Length > 5 && line[5] == ' ' ? 6 : 5;
        if (_dataLength < 0)
        {
            (_dataStart, _dataLength) = (start + skip, line.Length - skip);
            return;
        }
        // Joined in place: what lies between the two pieces is no longer needed.
        var end = _dataStart + _dataLength;
        _buffer[end] = (byte)'\n';
        line[skip..].CopyTo(_buffer.AsSpan(end + 1));
        _dataLength += 1 + line.Length - skip;
    }

    void MakeRoom()
    {
        var pending = Pending;
        var target = 2 * pending > _buffer.Length ? new byte[Math.Min(2 * _buffer.Length, 2 * MostBytes)]
            : _buffer;
        _buffer.AsSpan(_eventStart, pending).CopyTo(target);
        _buffer = target;
        _lineStart -= _eventStart;
        _dataStart -= _eventStart;
        _eventStart = 0;
        _end = pending;
    }
}
