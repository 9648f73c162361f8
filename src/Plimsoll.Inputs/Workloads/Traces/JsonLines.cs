using System;
using System.Text.Unicode;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>Cuts a stream into lines in one buffer that holds a line and what was read past it.</summary>
public sealed class JsonLines
{
    const int UsualLongest = 1 << 28;

    readonly TraceSource _source;
    readonly int _longest;
    byte[] _buffer = new byte[1 << 16];
    int _start;
    int _end;
    bool _ended;

    /// <param name="source">Read from where it is.</param>
    /// <param name="longest">Bytes of a line at most; a longer one is an error.</param>
    public JsonLines(TraceSource source, int longest = UsualLongest)
    {
        (_source, _longest) = (source, longest);
    }

    /// <summary>The next line that is not blank, without its end; false at the end of the file.</summary>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        while (NextRaw(out line))
        {
            _source.Line++;
            if (_source.Line == 1 && line.StartsWith("\uFEFF"u8))
                line = line[3..];
            line = line.Trim(" \t\r"u8);
            if (line.IsEmpty)
                continue;
            if (!Utf8.IsValid(line))
                throw _source.Error("is no UTF-8 text; expected one JSON object per line");
            return true;
        }
        return false;
    }

    bool NextRaw(out ReadOnlySpan<byte> line)
    {
        var searched = _start;
        while (true)
        {
            var newline = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                line = _buffer.AsSpan(_start, searched + newline - _start);
                _start = searched + newline + 1;
                return true;
            }
            searched = _end - _start;
            if (_ended || !Fill())
            {
                line = _buffer.AsSpan(_start, _end - _start);
                _start = _end;
                return !line.IsEmpty;
            }
        }
    }

    /// <summary>Reads on behind the unfinished line, which moves to the front of the buffer.</summary>
    bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end == _buffer.Length)
        {
            if (_end >= _longest)
            {
                throw _source.Error(
                    $"a line longer than {_longest} bytes; expected one JSON object per line");
            }

            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }
        var read = _source.Read(_buffer.AsSpan(_end));
        _end += read;
        _ended = read == 0;
        return !_ended;
    }
}
