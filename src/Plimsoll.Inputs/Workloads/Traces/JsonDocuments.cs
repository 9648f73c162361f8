using System;
using System.Text.Unicode;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Cuts a stream into its JSON objects, however they are laid out: one over many lines, one per line, or
/// the elements of one list. Holds one object at a time.
/// </summary>
sealed class JsonDocuments
{
    const int LongestObject = 1 << 30;

    readonly TraceSource _source;
    readonly byte[] _chunk = new byte[1 << 16];
    byte[] _object = new byte[1 << 16];
    int _length;
    int _at;
    int _end;
    long _lines = 1;

    public JsonDocuments(TraceSource source)
    {
        _source = source;
    }

    /// <summary>
    /// The next object; <see cref="TraceSource.Line"/> is where it begins. False at the end.
    /// </summary>
    public bool Next(out ReadOnlySpan<byte> value)
    {
        _length = 0;
        int depth = 0;
        bool inText = false, escaped = false;
        while (TryByte(out var c))
        {
            if (depth == 0 && c != '{')
            {
                if (!" \t\r\n[],\uFEFF"u8.Contains(c))
                    throw Error("not a JSON object; expected agent sessions");
                continue;
            }
            if (depth == 0)
                _source.Line = _lines;
            Append(c);
            if (inText)
            {
                inText = escaped || c != '"';
                escaped = !escaped && c == '\\';
            }
            else if (c == '"')
            {
                inText = true;
            }
            else if (c == '{')
            {
                depth++;
            }
            else if (c == '}' && --depth == 0)
            {
                value = _object.AsSpan(0, _length);
                if (!Utf8.IsValid(value))
                    throw Error("is no UTF-8 text; expected agent sessions");
                return true;
            }
        }
        if (depth > 0)
            throw Error("malformed JSON: the file ends inside an object; expected a whole agent session");
        value = default;
        return false;
    }

    BadInputException Error(string what)
    {
        _source.Line = _lines;
        return _source.Error(what);
    }

    bool TryByte(out byte c)
    {
        if (_at == _end)
        {
            _at = 0;
            _end = _source.Read(_chunk.AsSpan());
            if (_end == 0)
            {
                c = 0;
                return false;
            }
        }
        c = _chunk[_at++];
        if (c == '\n')
            _lines++;
        return true;
    }

    void Append(byte c)
    {
        if (_length == _object.Length)
        {
            if (_length >= LongestObject)
                throw Error("an object over 1 GB; expected agent sessions");
            Array.Resize(ref _object, 2 * _object.Length);
        }
        _object[_length++] = c;
    }
}
