using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

/// <summary>A call of a tool that an answer makes.</summary>
public readonly record struct ToolCall(string Name, string Arguments);

/// <summary>
/// Finds the tool calls in an answer's text as it comes. What may still become one is held back; what turns
/// out to be none, or of a tool that was not offered, is text.
/// </summary>
public sealed class ToolCallReader(ToolCallStyle style, IReadOnlyCollection<string> tools)
{
    const string Open = "<tool_call>";
    const string Close = "</tool_call>";

    /// <summary>Tokens that begin a bare call, where they are written out.</summary>
    static readonly string[] _marks = ["<|python_tag|>", CallMark];

    const string CallMark = "[TOOL_CALLS]";
    const string Arguments = "[ARGS]";

    readonly StringBuilder _held = new();
    bool _isText = style == ToolCallStyle.None;
    bool _waits;

    /// <summary>Calls so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes a piece of text; gives what is text of it, and the calls that it completes.</summary>
    public (string Text, IReadOnlyList<ToolCall> Calls) Add(string piece, bool isLast)
    {
        if (_isText)
            return (piece, []);
        _held.Append(piece);
        if (_waits && !isLast && !Closes(piece))
            return ("", []);
        _waits = false;
        var held = _held.ToString();
        _held.Clear();
        var calls = new List<ToolCall>();
        var text = style == ToolCallStyle.Tagged ? Tagged(held, isLast, calls) : Whole(held, isLast, calls);
        Count += calls.Count;
        return (text, calls);
    }

    string Tagged(string held, bool isLast, List<ToolCall> calls)
    {
        var text = new StringBuilder();
        while (true)
        {
            var open = held.IndexOf(Open, StringComparison.Ordinal);
            if (open < 0)
            {
                var keep = isLast ? 0 : Beginning(held);
                text.Append(held, 0, held.Length - keep);
                _held.Append(held, held.Length - keep, keep);
                break;
            }
            text.Append(held, 0, open);
            var inside = open + Open.Length;
            var close = held.IndexOf(Close, inside, StringComparison.Ordinal);
            if (close < 0 && !isLast)
            {
                _held.Append(held, open, held.Length - open);
                _waits = true;
                break;
            }
            var end = close < 0 ? held.Length : close + Close.Length;
            if (!TryRead(held[inside..(close < 0 ? held.Length : close)], calls))
                text.Append(held, open, end - open);
            held = held[end..];
        }
        // Blanks around calls say nothing.
        return Count + calls.Count > 0 && string.IsNullOrWhiteSpace(text.ToString()) ? "" : text.ToString();
    }

    /// <summary>How much of a text's end may begin a tag.</summary>
    static int Beginning(string text)
    {
        for (var length = Math.Min(Open.Length - 1, text.Length); length > 0; length--)
        {
            if (text.EndsWith(Open[..length], StringComparison.Ordinal))
                return length;
        }
        return 0;
    }

    /// <summary>Whether what was held back may be whole with this piece, so that it is looked at.</summary>
    bool Closes(string piece)
    {
        if (style != ToolCallStyle.Tagged)
            return false;
        var tail = Math.Min(_held.Length, piece.Length + Close.Length - 1);
        return _held.ToString(_held.Length - tail, tail).Contains(Close, StringComparison.Ordinal);
    }

    /// <summary>An answer that is calls from its beginning to its end, or text.</summary>
    string Whole(string held, bool isLast, List<ToolCall> calls)
    {
        var start = held.TrimStart();
        var named = style == ToolCallStyle.Named;
        if (start.Length > 0 && start[0] is not ('{' or '[' or '<') && !(named && MayBeNamed(start)))
            isLast = _isText = true;
        if (!isLast)
        {
            _held.Append(held);
            _waits = start.Length > (named ? LongestBeginning : 0);
            return "";
        }
        if (!_isText && named && TryReadNamed(start, calls))
            return "";
        foreach (var mark in _marks)
            start = start.StartsWith(mark, StringComparison.Ordinal) ? start[mark.Length..] : start;
        return !_isText && TryRead(start, calls) ? "" : held;
    }

    /// <summary>Characters after which it is settled whether a text begins a call.</summary>
    int LongestBeginning
    {
        get
        {
            var longest = 0;
            foreach (var tool in tools)
                longest = Math.Max(longest, tool.Length);
            return longest + Arguments.Length;
        }
    }

    /// <summary>Whether a text begins with a tool's name and its arguments, as far as it goes.</summary>
    bool MayBeNamed(string start)
    {
        foreach (var tool in tools)
        {
            foreach (var whole in (ReadOnlySpan<string>)[tool + Arguments, tool + "{"])
            {
                var length = Math.Min(whole.Length, start.Length);
                if (string.CompareOrdinal(whole, 0, start, 0, length) == 0)
                    return true;
            }
        }
        return false;
    }

    /// <summary>Reads a name and its arguments, and again; all or none.</summary>
    bool TryReadNamed(string text, List<ToolCall> calls)
    {
        var before = calls.Count;
        var rest = text.AsSpan().Trim();
        while (rest.Length > 0)
        {
            if (rest.StartsWith(CallMark, StringComparison.Ordinal))
                rest = rest[CallMark.Length..].TrimStart();
            var end = rest.IndexOf('{');
            var name = end < 0 ? "" : rest[..end].Trim().ToString();
            if (name.EndsWith(Arguments, StringComparison.Ordinal))
                name = name[..^Arguments.Length];
            if (end < 0 || !Offers(name) || JsonLength(rest[end..]) is not { } length)
            {
                calls.RemoveRange(before, calls.Count - before);
                return false;
            }
            calls.Add(new ToolCall(name, rest.Slice(end, length).ToString()));
            rest = rest[(end + length)..].Trim();
        }
        return calls.Count > before;
    }

    /// <summary>Characters of the JSON value that a text begins with; null without one.</summary>
    static int? JsonLength(ReadOnlySpan<char> text)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { AllowMultipleValues = true });
            reader.Read();
            reader.Skip();
            return Encoding.UTF8.GetCharCount(utf8.AsSpan(0, (int)reader.BytesConsumed));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads one call after the other, or a list of them; all or none.</summary>
    bool TryRead(string text, List<ToolCall> calls)
    {
        var before = calls.Count;
        ReadOnlySpan<byte> json = Encoding.UTF8.GetBytes(text);
        try
        {
            while ((json = json.TrimStart(" \r\n\t;"u8)).Length > 0)
            {
                var reader = new Utf8JsonReader(json, new JsonReaderOptions { AllowMultipleValues = true });
                using var value = JsonDocument.ParseValue(ref reader);
                json = json[(int)reader.BytesConsumed..];
                if (!TryRead(value.RootElement, calls))
                {
                    calls.RemoveRange(before, calls.Count - before);
                    return false;
                }
            }
        }
        catch (JsonException)
        {
            calls.RemoveRange(before, calls.Count - before);
            return false;
        }
        return calls.Count > before;
    }

    bool TryRead(JsonElement value, List<ToolCall> calls)
    {
        if (value.ValueKind == JsonValueKind.Array)
        {
            foreach (var one in value.EnumerateArray())
            {
                if (one.ValueKind != JsonValueKind.Object || !TryRead(one, calls))
                    return false;
            }
            return true;
        }
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String || !Offers(name.GetString()!)
            || !(value.TryGetProperty("arguments", out var given)
                || value.TryGetProperty("parameters", out given)))
        {
            return false;
        }
        calls.Add(new ToolCall(name.GetString()!,
            given.ValueKind == JsonValueKind.String ? given.GetString()! : given.GetRawText()));
        return true;
    }

    bool Offers(string name)
    {
        foreach (var tool in tools)
        {
            if (tool == name)
                return true;
        }
        return false;
    }
}
