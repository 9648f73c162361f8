using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// Methods of Python's texts, lists and dicts; those that change their object are not among them.
/// </summary>
static class Methods
{
    static readonly Dictionary<string, Func<string, Callable>> _ofText = new(StringComparer.Ordinal)
    {
        ["capitalize"] = s => _ => Capitalize(s),
        ["count"] = s => a => (long)(s.Split(a.Text(0, "sub")).Length - 1),
        ["endswith"] = s => a => Any(a, part => s.EndsWith(part, StringComparison.Ordinal)),
        ["find"] = s => a => Find(s, a.Text(0, "sub"), last: false),
        ["index"] = s => a =>
            Find(s, a.Text(0, "sub"), last: false) is var at and >= 0 ? at
            : throw Python.Bad("the part is not in the text"),
        ["isalnum"] = s => _ => s.Length > 0 && s.All(char.IsLetterOrDigit),
        ["isalpha"] = s => _ => s.Length > 0 && s.All(char.IsLetter),
        ["isdigit"] = s => _ => s.Length > 0 && s.All(char.IsDigit),
        ["islower"] = s => _ => IsLower(s),
        ["isspace"] = s => _ => s.Length > 0 && s.All(char.IsWhiteSpace),
        ["isupper"] = s => _ => IsUpper(s),
        ["join"] = s => a => string.Join(s, Python.Items(a.Require(0, "iterable"), a.Scope.Rendering)
            .Select(item =>
                item as string ?? throw Python.Bad($"a {Python.TypeName(item)} cannot be joined to a text"))),
        ["lower"] = s => _ => s.ToLowerInvariant(),
        ["lstrip"] = s => a => Strip(s, a.Get(0, "chars"), left: true, right: false),
        ["partition"] = s => a =>
            Partition(s, a.Text(0, "sep"), s.IndexOf(a.Text(0, "sep"), StringComparison.Ordinal)),
        ["removeprefix"] = s => a =>
            s.StartsWith(a.Text(0, "prefix"), StringComparison.Ordinal) ? s[a.Text(0, "prefix").Length..] : s,
        ["removesuffix"] = s => a =>
            s.EndsWith(a.Text(0, "suffix"), StringComparison.Ordinal) ? s[..^a.Text(0, "suffix").Length] : s,
        ["replace"] = s => a => Replace(s, a.Text(0, "old"), a.Text(1, "new"), a.Get(2, "count")),
        ["rfind"] = s => a => Find(s, a.Text(0, "sub"), last: true),
        ["rpartition"] = s => a =>
            Partition(
            s, a.Text(0, "sep"), s.LastIndexOf(a.Text(0, "sep"), StringComparison.Ordinal), fromRight: true),
        ["rsplit"] = s => a => Split(s, a, fromRight: true),
        ["rstrip"] = s => a => Strip(s, a.Get(0, "chars"), left: false, right: true),
        ["split"] = s => a => Split(s, a, fromRight: false),
        ["splitlines"] = s => _ => Lines(s),
        ["startswith"] = s => a => Any(a, part => s.StartsWith(part, StringComparison.Ordinal)),
        ["strip"] = s => a => Strip(s, a.Get(0, "chars"), left: true, right: true),
        ["title"] = s => _ => Title(s),
        ["upper"] = s => _ => s.ToUpperInvariant(),
    };

    /// <summary>The method of that name; null where there is none.</summary>
    public static Callable? Find(object? value, string name) => value switch
    {
        string text when _ofText.TryGetValue(name, out var method) => method(text),
        OrderedDictionary<object, object?> map => OfDict(map, name),
        IReadOnlyList<object?> list => OfList(list, name),
        _ => null,
    };

    static Callable? OfDict(OrderedDictionary<object, object?> map, string name) => name switch
    {
        "items" => _ => Pairs(map),
        "keys" => _ => map.Keys.ToList<object?>(),
        "values" => _ => map.Values.ToList(),
        "get" => a =>
            map.TryGetValue(Python.Key(a.Require(0, "key")), out var value) ? value : a.Get(1, "default"),
        "copy" => _ => new OrderedDictionary<object, object?>(map),
        "update" or "pop" or "setdefault" or "clear" or "popitem" => Refused("dict", name),
        _ => null,
    };

    static Callable? OfList(IReadOnlyList<object?> list, string name) => name switch
    {
        "count" => a => (long)list.Count(item => Python.AreEqual(item, a.Require(0, "value"))),
        "index" => a =>
            Enumerable.Range(0, list.Count)
            .FirstOrDefault(i => Python.AreEqual(list[i], a.Require(0, "value")), -1) is var at and >= 0
            ? (long)at : throw Python.Bad("the value is not in the list"),
        "append" or "extend" or "insert" or "pop" or "remove" or "reverse" or "sort" or "clear" =>
            Refused("list", name),
        _ => null,
    };

    static Callable Refused(string type, string name) =>
        _ => throw Python.Bad($"{type}.{name} would change its object, which a template may not");

    public static List<object?> Pairs(OrderedDictionary<object, object?> map) =>
        [.. map.Select(pair => new[] { pair.Key, pair.Value })];

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..].ToLowerInvariant();

    /// <summary>Each run of letters with its first one upper.</summary>
    public static string Title(string text)
    {
        var titled = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            titled.Append(
                i > 0 && char.IsLetter(text[i - 1]) ? char.ToLowerInvariant(text[i])
                : char.ToUpperInvariant(text[i]));
        }
        return titled.ToString();
    }

    public static bool IsLower(string text) => text.Any(char.IsLower) && !text.Any(char.IsUpper);

    public static bool IsUpper(string text) => text.Any(char.IsUpper) && !text.Any(char.IsLower);

    public static string Strip(string text, object? characters, bool left, bool right)
    {
        if (left)
            text = characters is string set ? text.TrimStart([.. set]) : text.TrimStart();
        if (right)
            text = characters is string set ? text.TrimEnd([.. set]) : text.TrimEnd();
        return text;
    }

    public static string Replace(string text, string old, string @new, object? count)
    {
        var left = count is null ? long.MaxValue : Python.AsLong(count);
        if (left < 0)
            left = long.MaxValue;
        if (old.Length == 0)
            throw Python.Bad("an empty text cannot be replaced");
        var replaced = new StringBuilder();
        var from = 0;
        for (var at = text.IndexOf(old, StringComparison.Ordinal); at >= 0 && left > 0; left--)
        {
            replaced.Append(text, from, at - from).Append(@new);
            from = at + old.Length;
            at = text.IndexOf(old, from, StringComparison.Ordinal);
        }
        return replaced.Append(text, from, text.Length - from).ToString();
    }

    public static List<string> Words(string text) =>
        [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];

    static object? Split(string text, Arguments arguments, bool fromRight)
    {
        arguments.AtMost(2, "sep", "maxsplit");
        arguments.Scope.Rendering.Work(text.Length / 8);
        var most = arguments.Get(1, "maxsplit") is { } given ? Python.AsLong(given) : -1;
        if (arguments.Get(0, "sep") is not string separator)
            return most < 0 ? Words(text).ToList<object?>() : FewWords(text, most, fromRight);
        if (separator.Length == 0)
            throw Python.Bad("a text is split at an empty separator");
        List<object?> parts = [.. text.Split(separator)];
        if (most < 0 || parts.Count <= most + 1)
            return parts;
        var kept = (int)most;
        return fromRight
            ? [string.Join(separator, parts.Take(parts.Count - kept)), .. parts.Skip(parts.Count - kept)]
            : (List<object?>)[.. parts.Take(kept), string.Join(separator, parts.Skip(kept))];
    }

    static List<object?> FewWords(string text, long most, bool fromRight)
    {
        if (fromRight)
            throw Python.Bad("'rsplit' at white space takes no limit here");
        var parts = new List<object?>();
        text = text.TrimStart();
        while (text.Length > 0)
        {
            var end = text.AsSpan().IndexOfAny(" \t\n\r\f\v");
            if (end < 0 || parts.Count == most)
            {
                parts.Add(text);
                break;
            }
            parts.Add(text[..end]);
            text = text[end..].TrimStart();
        }
        return parts;
    }

    static object?[] Partition(string text, string separator, int at, bool fromRight = false)
    {
        if (at < 0)
            return fromRight ? ["", "", text] : [text, "", ""];
        return [text[..at], separator, text[(at + separator.Length)..]];
    }

    static List<object?> Lines(string text)
    {
        List<object?> lines = [.. text.Replace("\r\n", "\n").Replace('\r', '\n').Split('\n')];
        if (lines[^1] is "")
            lines.RemoveAt(lines.Count - 1);
        return lines;
    }

    /// <summary>Where a part stands, counted in code points; -1 where it does not.</summary>
    static long Find(string text, string part, bool last)
    {
        var at = last ? text.LastIndexOf(part, StringComparison.Ordinal)
            : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : Python.Length(text[..at]);
    }

    static bool Any(Arguments arguments, Func<string, bool> holds) => arguments.Require(0, "prefix") switch
    {
        string part => holds(part),
        object?[] parts => parts.Any(part => holds(Python.Str(part))),
        var other =>
            throw Python.Bad($"{arguments.Callee} takes a text or a tuple, not a {Python.TypeName(other)}"),
    };
}
