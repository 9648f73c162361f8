using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.Json;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// JSON as Python's <c>json.dumps</c> writes it: a space after comma and colon, floats with their point, no
/// character escaped that need not be. Models were trained on these very bytes.
/// </summary>
sealed class PythonJson
{
    readonly StringBuilder _text = new();
    readonly string? _indent;
    readonly string _comma;
    readonly string _colon;
    readonly bool _ascii;
    readonly bool _sorted;

    PythonJson(Arguments arguments)
    {
        _indent = arguments.Get(1, "indent") switch
        {
            null => null,
            string text => text,
            var width => new string(' ', (int)Math.Clamp(Python.AsLong(width), 0, 1000)),
        };
        (_comma, _colon) = (_indent is null ? ", " : ",", ": ");
        if (arguments.Get(99, "separators") is IReadOnlyList<object?> { Count: 2 } separators)
            (_comma, _colon) = (Python.Str(separators[0]), Python.Str(separators[1]));
        _ascii = Python.IsTrue(arguments.Get(99, "ensure_ascii", false));
        _sorted = Python.IsTrue(arguments.Get(99, "sort_keys", false));
    }

    public static string Write(object? value, Arguments arguments)
    {
        var json = new PythonJson(arguments);
        json.Write(value, 0);
        arguments.Scope.Rendering.Work(json._text.Length / 64);
        return json._text.ToString();
    }

    /// <summary>JSON as the values that a template works with.</summary>
    public static object? Read(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                return json.TryGetInt64(out var whole) ? (object)whole : json.GetDouble();
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(Read).ToList();
            case JsonValueKind.Object:
                var map = new OrderedDictionary<object, object?>();
                foreach (var property in json.EnumerateObject())
                    map[property.Name] = Read(property.Value);
                return map;
            default:
                return null;
        }
    }

    void Write(object? value, int depth)
    {
        switch (value)
        {
            case null:
                _text.Append("null");
                break;
            case bool truth:
                _text.Append(truth ? "true" : "false");
                break;
            case long number:
                _text.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                _text.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number)
                    ? number > 0 ? "Infinity" : "-Infinity" : Python.FloatText(number));
                break;
            case string text:
                Write(text);
                break;
            case IReadOnlyList<object?> list:
                Write('[', ']', list, depth, item => Write(item, depth + 1));
                break;
            case OrderedDictionary<object, object?> map:
                var pairs = _sorted
                    ? map.OrderBy(pair => Python.Str(pair.Key), StringComparer.Ordinal).ToList() : [.. map];
                Write('{', '}', pairs, depth, pair =>
                {
                    Write(Python.Str(pair.Key));
                    _text.Append(_colon);
                    Write(pair.Value, depth + 1);
                });
                break;
            default:
                throw Python.Bad($"a {Python.TypeName(value)} cannot be written as JSON");
        }
    }

    void Write<T>(char open, char close, IReadOnlyList<T> items, int depth, Action<T> write)
    {
        if (depth > 100)
            throw Python.Bad("a value is nested more than 100 deep");
        _text.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _text.Append(_comma);
            Break(depth + 1);
            write(items[i]);
        }
        if (items.Count > 0)
            Break(depth);
        _text.Append(close);
    }

    void Break(int depth)
    {
        if (_indent is null)
            return;
        _text.Append('\n');
        for (var i = 0; i < depth; i++)
            _text.Append(_indent);
    }

    void Write(string text)
    {
        _text.Append('"');
        foreach (var c in text)
        {
            var plain = "\"\\\n\r\t\b\f".IndexOf(c);
            if (plain >= 0)
                _text.Append('\\').Append("\"\\nrtbf"[plain]);
            else if (c < ' ' || (_ascii && c > '~'))
                _text.Append($"\\u{(int)c:x4}");
            else
                _text.Append(c);
        }
        _text.Append('"');
    }
}
