using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace Plimsoll.Engine.Grammars;

/// <summary>Numbers between bounds, digit by digit.</summary>
static class NumberGrammar
{
    const long Largest = 999_999_999_999_999;

    public static string Integer(JsonElement schema, GrammarRules rules, string where)
    {
        var (least, most) = Bounds(schema, where, whole: true);
        if (least is null && most is null)
            return rules.Integer;
        if (least > most)
            throw JsonGrammar.Bad(where, "has a minimum above its maximum; nothing can be valid under it");
        return rules.Add($"({string.Join(" | ", Between(least ?? -Largest, most ?? Largest))})");
    }

    /// <summary>Bounds of a number with a fraction are said where they are whole and not negative.</summary>
    public static string Number(JsonElement schema, GrammarRules rules, string where)
    {
        var (least, most) = Bounds(schema, where, whole: false);
        if (least is null && most is null)
            return rules.Number;
        if (least is null or < 0)
        {
            throw JsonGrammar.Bad(
                where, "bounds a number other than by whole minimum of 0 or more (and maximum), which "
                    + "cannot be said here");
        }
        if (least > most)
            throw JsonGrammar.Bad(where, "has a minimum above its maximum; nothing can be valid under it");
        var ways = new List<string>();
        if (most is null)
            ways.Add($"({string.Join(" | ", Between(least.Value, Largest))}) (\".\" [0-9]{{1,16}})?");
        else if (most > least)
            ways.Add($"({string.Join(" | ", Between(least.Value, most.Value - 1))}) (\".\" [0-9]{{1,16}})?");
        if (most is { } end)
            ways.Add($"\"{end}\" (\".\" \"0\"{{1,16}})?");
        return rules.Add($"({string.Join(" | ", ways)})");
    }

    static (long? Least, long? Most) Bounds(JsonElement schema, string where, bool whole)
    {
        var least = Bound(schema, "minimum", where, whole, up: true);
        var most = Bound(schema, "maximum", where, whole, up: false);
        if (!whole
            && (schema.TryGetProperty("exclusiveMinimum", out _)
            || schema.TryGetProperty("exclusiveMaximum", out _)))
        {
            throw JsonGrammar.Bad(where, "uses exclusive bounds of a number, which cannot be said here");
        }
        if (Bound(schema, "exclusiveMinimum", where, whole, up: false) is { } above)
            least = Math.Max(least ?? long.MinValue, above + 1);
        if (Bound(schema, "exclusiveMaximum", where, whole, up: true) is { } below)
            most = Math.Min(most ?? long.MaxValue, below - 1);
        return (least, most);
    }

    static long? Bound(JsonElement schema, string word, string where, bool whole, bool up)
    {
        if (!schema.TryGetProperty(word, out var value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDecimal(out var number)
            || Math.Abs(number) > Largest)
        {
            throw JsonGrammar.Bad(where, $"has a {word} that is no number of at most 15 digits");
        }
        var rounded = up ? Math.Ceiling(number) : Math.Floor(number);
        if (!whole && rounded != number)
        {
            throw JsonGrammar.Bad(
                where, $"bounds a number by a fraction ({word}), which cannot be said here");
        }
        return (long)rounded;
    }

    /// <summary>Alternatives that together are the integers from one to another.</summary>
    public static IEnumerable<string> Between(long least, long most)
    {
        if (least < 0)
        {
            var ways = Positive(Math.Max(1, -most), -least).ToList();
            if (ways.Count > 0 && most < 0 || least < 0)
                yield return $"\"-\" ({string.Join(" | ", ways)})";
        }
        if (most >= 0)
        {
            foreach (var way in Positive(Math.Max(0, least), most))
                yield return way;
        }
    }

    /// <summary>Numbers of like length together: 0–9, 10–99 …, each end cut by its digits.</summary>
    static IEnumerable<string> Positive(long least, long most)
    {
        for (var length = 1; length <= 15; length++)
        {
            var smallest = length == 1 ? 0 : (long)Math.Pow(10, length - 1);
            var largest = (long)Math.Pow(10, length) - 1;
            if (most < smallest || least > largest)
                continue;
            yield return OfLength(Math.Max(least, smallest).ToString(), Math.Min(most, largest).ToString());
        }
    }

    /// <summary>Digits between two numbers of one length.</summary>
    static string OfLength(string least, string most)
    {
        if (least.Length == 0)
            return "\"\"";
        if (least.All(d => d == '0') && most.All(d => d == '9'))
            return $"[0-9]{{{least.Length}}}";
        var (low, high) = (least[0], most[0]);
        if (least.Length == 1)
            return low == high ? $"\"{low}\"" : $"[{low}-{high}]";
        if (low == high)
            return $"\"{low}\" {Grouped(OfLength(least[1..], most[1..]))}";
        var rest = least.Length - 1;
        var ways = new List<string>
        {
            $"\"{low}\" {Grouped(OfLength(least[1..], new string('9', rest)))}",
            $"\"{high}\" {Grouped(OfLength(new string('0', rest), most[1..]))}",
        };
        if (high - low > 1)
            ways.Add($"[{(char)(low + 1)}-{(char)(high - 1)}] [0-9]{{{rest}}}");
        return string.Join(" | ", ways);
    }

    static string Grouped(string way) => way.Contains('|') ? $"({way})" : way;
}
