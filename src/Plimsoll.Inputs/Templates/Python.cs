using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// Python's values as C# holds them: None is null, int is long, float is double, list is List, tuple is an
/// array, dict is <see cref="OrderedDictionary{TKey, TValue}"/>; and what Python does with them.
/// </summary>
static class Python
{
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        IReadOnlyCollection<object?> items => items.Count > 0,
        OrderedDictionary<object, object?> map => map.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? a, object? b)
    {
        if (a is null || b is null)
            return a is null && b is null;
        if (a is Undefined || b is Undefined)
            return a is Undefined && b is Undefined;
        if (IsNumber(a) && IsNumber(b))
            return a is double || b is double ? AsDouble(a) == AsDouble(b) : AsLong(a) == AsLong(b);
        if (a is string x && b is string y)
            return x == y;
        if (a is object?[] && b is List<object?> || a is List<object?> && b is object?[])
            return false;
        if (a is IReadOnlyList<object?> left && b is IReadOnlyList<object?> right)
        {
            return left.Count == right.Count
                && left.Zip(right).All(pair => AreEqual(pair.First, pair.Second));
        }
        if (a is OrderedDictionary<object, object?> one && b is OrderedDictionary<object, object?> two)
        {
            return one.Count == two.Count
                && one.All(pair => two.TryGetValue(pair.Key, out var other) && AreEqual(pair.Value, other));
        }

        return ReferenceEquals(a, b);
    }

    public static int Compare(object? a, object? b)
    {
        if (a is string x && b is string y)
            return string.CompareOrdinal(x, y);
        if (IsNumber(a) && IsNumber(b))
            return AsDouble(a).CompareTo(AsDouble(b));
        if (a is IReadOnlyList<object?> left && b is IReadOnlyList<object?> right)
        {
            for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
            {
                if (!AreEqual(left[i], right[i]))
                    return Compare(left[i], right[i]);
            }
            return left.Count.CompareTo(right.Count);
        }
        throw Bad($"a {TypeName(a)} and a {TypeName(b)} have no order");
    }

    public static bool Contains(object? container, object? item) => container switch
    {
        string text when item is string part => text.Contains(part, StringComparison.Ordinal),
        IReadOnlyList<object?> list => list.Any(other => AreEqual(item, other)),
        OrderedDictionary<object, object?> map => item is not null && map.ContainsKey(Key(item)),
        Undefined => false,
        _ => throw Bad($"a {TypeName(item)} cannot be looked for in a {TypeName(container)}"),
    };

    /// <summary>A value as a dict's key: True is 1, and 1.0 is 1.</summary>
    public static object Key(object? value) => value switch
    {
        string text => text,
        long number => number,
        bool truth => truth ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1e15 => (long)number,
        double number => number,
        _ => throw Bad($"a {TypeName(value)} cannot be a key"),
    };

    public static IReadOnlyList<object?> Items(object? value, Rendering rendering)
    {
        IReadOnlyList<object?> items = value switch
        {
            IReadOnlyList<object?> list => list,
            OrderedDictionary<object, object?> map => [.. map.Keys],
            string text => [.. Characters(text)],
            Undefined => [],
            _ => throw Bad($"a {TypeName(value)} has no items"),
        };
        rendering.Work(items.Count);
        return items;
    }

    /// <summary>A text's characters as Python counts them: code points.</summary>
    public static IReadOnlyList<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            characters.Add(rune.ToString());
        return characters;
    }

    public static long Length(object? value) => value switch
    {
        string text => text.Any(char.IsSurrogate) ? Characters(text).Count : text.Length,
        IReadOnlyCollection<object?> items => items.Count,
        OrderedDictionary<object, object?> map => map.Count,
        Undefined => 0,
        _ => throw Bad($"a {TypeName(value)} has no length"),
    };

    public static bool IsNumber(object? value) => value is long or double or bool;

    public static double AsDouble(object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        double number => number,
        _ => throw Bad($"a {TypeName(value)} is no number"),
    };

    public static long AsLong(object? value) => value switch
    {
        long number => number,
        bool truth => truth ? 1 : 0,
        _ => throw Bad($"a {TypeName(value)} is no whole number"),
    };

    /// <summary>What <c>str()</c> gives.</summary>
    public static string Str(object? value) => value switch
    {
        string text => text,
        Undefined => "",
        _ => Repr(value),
    };

    /// <summary>What <c>repr()</c> gives.</summary>
    public static string Repr(object? value) => value switch
    {
        null => "None",
        Undefined => "Undefined",
        bool truth => truth ? "True" : "False",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => FloatText(number),
        string text => Quoted(text),
        object?[] { Length: 1 } tuple => $"({Repr(tuple[0])},)",
        object?[] tuple => $"({string.Join(", ", tuple.Select(Repr))})",
        IReadOnlyList<object?> list => $"[{string.Join(", ", list.Select(Repr))}]",
        OrderedDictionary<object, object?> map =>
            $"{{{string.Join(", ", map.Select(pair => $"{Repr(pair.Key)}: {Repr(pair.Value)}"))}}}",
        _ => throw Bad($"a {TypeName(value)} has no text"),
    };

    /// <summary>The shortest digits that give the number back, in Python's notation.</summary>
    public static string FloatText(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        var magnitude = Math.Abs(number);
        if (number == 0 || (magnitude >= 1e-4 && magnitude < 1e16))
        {
            if (text.Contains('E'))
                text = number.ToString("F20", CultureInfo.InvariantCulture).TrimEnd('0');
            return text.Contains('.') ? (text.EndsWith('.') ? text + "0" : text) : text + ".0";
        }
        var parts =
            (text.Contains('E') ? text
            : number.ToString("0.################E+0", CultureInfo.InvariantCulture)).Split('E');
        var exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        return $"{parts[0]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    static string Quoted(string text)
    {
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        var quoted = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            if (c == quote || c == '\\')
                quoted.Append('\\').Append(c);
            else if (c == '\n')
                quoted.Append("\\n");
            else if (c == '\r')
                quoted.Append("\\r");
            else if (c == '\t')
                quoted.Append("\\t");
            else if (c < ' ' || c is >= '\x7f' and <= '\xa0' or '\xad')
                quoted.Append($"\\x{(int)c:x2}");
            else
                quoted.Append(c);
        }
        return quoted.Append(quote).ToString();
    }

    public static string TypeName(object? value) => value switch
    {
        null => "None",
        Undefined undefined => $"missing value ({undefined.What})",
        bool => "bool",
        long => "int",
        double => "float",
        string => "str",
        object?[] => "tuple",
        List<object?> => "list",
        OrderedDictionary<object, object?> => "dict",
        Namespace => "namespace",
        _ => "function",
    };

    public static TemplateException Bad(string problem) => new($"chat template: {problem}");
}
