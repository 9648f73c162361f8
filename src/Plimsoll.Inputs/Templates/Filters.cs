using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace Plimsoll.Inputs.Templates;

/// <summary>Jinja2's filters that chat templates use, under its names and with its arguments.</summary>
static class Filters
{
    static readonly Dictionary<string, Callable> _byName = new(StringComparer.Ordinal)
    {
        ["abs"] = a =>
            Input(a) is double number ? (object)Math.Abs(number) : Math.Abs(Python.AsLong(Input(a))),
        ["capitalize"] = a => Methods.Capitalize(Python.Str(Input(a))),
        ["count"] = a => Python.Length(Input(a)),
        ["d"] = Default,
        ["default"] = Default,
        ["dictsort"] = DictSort,
        ["first"] = a => Items(a) is [var first, ..] ? first : new Undefined("there is no first item"),
        ["float"] = ToFloat,
        ["indent"] = Indent,
        ["int"] = ToInt,
        ["items"] = a => Input(a) is Undefined ? new List<object?>() : Methods.Pairs(Map(a)),
        ["join"] = Join,
        ["last"] = a => Items(a) is [.., var last] ? last : new Undefined("there is no last item"),
        ["length"] = a => Python.Length(Input(a)),
        ["list"] = a => Items(a).ToList(),
        ["lower"] = a => Python.Str(Input(a)).ToLowerInvariant(),
        ["map"] = Map_,
        ["max"] = a => Extreme(a, 1),
        ["min"] = a => Extreme(a, -1),
        ["reject"] = a => Select(a, byAttribute: false, wanted: false),
        ["rejectattr"] = a => Select(a, byAttribute: true, wanted: false),
        ["replace"] = Replace,
        ["reverse"] = a => Input(a) is string text
            ? string.Concat(Python.Characters(text).Reverse())
            : Items(a).Reverse().ToList(),
        ["round"] = Round,
        ["safe"] = a => Input(a),
        ["select"] = a => Select(a, byAttribute: false, wanted: true),
        ["selectattr"] = a => Select(a, byAttribute: true, wanted: true),
        ["sort"] = Sort,
        ["string"] = a => Python.Str(Input(a)),
        ["sum"] = Sum,
        ["title"] = a => Methods.Title(Python.Str(Input(a))),
        ["tojson"] = ToJson,
        ["trim"] = a => Methods.Strip(Python.Str(Input(a)), a.Get(1, "chars"), left: true, right: true),
        ["unique"] = Unique,
        ["upper"] = a => Python.Str(Input(a)).ToUpperInvariant(),
        ["wordcount"] = a => (long)Methods.Words(Python.Str(Input(a))).Count,
    };

    public static Callable? Find(string name) => _byName.GetValueOrDefault(name);

    static object? Input(Arguments arguments) => arguments.Positional[0];

    static IReadOnlyList<object?> Items(Arguments arguments) =>
        Python.Items(Input(arguments), arguments.Scope.Rendering);

    static OrderedDictionary<object, object?> Map(Arguments arguments) =>
        Input(arguments) as OrderedDictionary<object, object?>
        ?? throw Python.Bad($"{arguments.Callee} takes a dict, not a {Python.TypeName(Input(arguments))}");

    static object? Default(Arguments arguments)
    {
        arguments.AtMost(3, "default_value", "boolean");
        var isMissing = Input(arguments) is Undefined
            || (Python.IsTrue(arguments.Get(2, "boolean", false)) && !Python.IsTrue(Input(arguments)));
        return isMissing ? arguments.Get(1, "default_value", "") : Input(arguments);
    }

    static object? DictSort(Arguments arguments)
    {
        arguments.AtMost(4, "case_sensitive", "by", "reverse");
        var byValue = arguments.Get(2, "by", "key") is "value";
        var matchCase = Python.IsTrue(arguments.Get(1, "case_sensitive", false));
        return Sorted(Methods.Pairs(Map(arguments)), pair => ((object?[])pair!)[byValue ? 1 : 0], matchCase,
            Python.IsTrue(arguments.Get(3, "reverse", false)));
    }

    static object? Sort(Arguments arguments)
    {
        arguments.AtMost(4, "reverse", "case_sensitive", "attribute");
        var attribute = arguments.Get(3, "attribute");
        return Sorted(Items(arguments), item => attribute is null ? item : Path(item, attribute),
            Python.IsTrue(arguments.Get(2, "case_sensitive", false)),
                Python.IsTrue(arguments.Get(1, "reverse", false)));
    }

    static List<object?> Sorted(
        IEnumerable<object?> items, Func<object?, object?> key, bool matchCase, bool reverse)
    {
        var comparer =
            Comparer<object?>.Create((a, b) => Python.Compare(Folded(a, matchCase), Folded(b, matchCase)));
        return [.. reverse ? items.OrderByDescending(key, comparer) : items.OrderBy(key, comparer)];
    }

    static object? Folded(object? value, bool matchCase) =>
        value is string text && !matchCase ? text.ToLowerInvariant() : value;

    static object? Unique(Arguments arguments)
    {
        arguments.AtMost(3, "case_sensitive", "attribute");
        var matchCase = Python.IsTrue(arguments.Get(1, "case_sensitive", false));
        var attribute = arguments.Get(2, "attribute");
        var seen = new List<object?>();
        var unique = new List<object?>();
        foreach (var item in Items(arguments))
        {
            var key = Folded(attribute is null ? item : Path(item, attribute), matchCase);
            arguments.Scope.Rendering.Work(seen.Count);
            if (seen.Exists(other => Python.AreEqual(other, key)))
                continue;
            seen.Add(key);
            unique.Add(item);
        }
        return unique;
    }

    static object? Extreme(Arguments arguments, int sign)
    {
        arguments.AtMost(3, "case_sensitive", "attribute");
        var matchCase = Python.IsTrue(arguments.Get(1, "case_sensitive", false));
        var attribute = arguments.Get(2, "attribute");
        object? Key(object? item) => Folded(attribute is null ? item : Path(item, attribute), matchCase);
        var items = Items(arguments);
        if (items.Count == 0)
            return new Undefined("there is no largest or smallest item");
        return items.Aggregate((best, item) => Python.Compare(Key(item), Key(best)) * sign > 0 ? item : best);
    }

    static object? Sum(Arguments arguments)
    {
        arguments.AtMost(3, "attribute", "start");
        var attribute = arguments.Get(1, "attribute");
        var values = Items(arguments).Select(item => attribute is null ? item : Path(item, attribute))
            .Prepend(arguments.Get(2, "start", 0L)).ToList();
        return values.Exists(value => value is double)
            ? (object)values.Sum(Python.AsDouble)
            : values.Sum(Python.AsLong);
    }

    static object? Join(Arguments arguments)
    {
        arguments.AtMost(3, "d", "attribute");
        var attribute = arguments.Get(2, "attribute");
        var text = string.Join(Python.Str(arguments.Get(1, "d", "")),
            Items(arguments).Select(item => Python.Str(attribute is null ? item : Path(item, attribute))));
        arguments.Scope.Rendering.Work(text.Length / 64);
        return text;
    }

    static object? Map_(Arguments arguments)
    {
        if (arguments.Positional.Count == 1)
        {
            arguments.AtMost(1, "attribute", "default");
            var attribute = arguments.Require(1, "attribute");
            return Items(arguments).Select(item =>
            {
                var value = Path(item, attribute);
                return value is Undefined && arguments.Has(2, "default") ? arguments.Get(2, "default")
                    : value;
            }).ToList();
        }
        var name = arguments.Text(1, "filter");
        var filter = Find(name) ?? throw Python.Bad($"the filter '{name}' is not known");
        return Items(arguments).Select(item => filter(new Arguments($"the filter '{name}'",
            [item, .. arguments.Positional.Skip(2)], arguments.Named, arguments.Scope))).ToList();
    }

    static object? Select(Arguments arguments, bool byAttribute, bool wanted)
    {
        var at = byAttribute ? 2 : 1;
        var test = arguments.Positional.Count > at ? arguments.Text(at, "test") : null;
        var function = test is null ? null
            : Tests.Find(test) ?? throw Python.Bad($"the test '{test}' is not known");
        bool Holds(object? item)
        {
            var value = byAttribute ? Path(item, arguments.Require(1, "attribute")) : item;
            return Python.IsTrue(function is null ? value : function(new Arguments($"the test '{test}'",
                [value, .. arguments.Positional.Skip(at + 1)], arguments.Named, arguments.Scope)));
        }
        return Items(arguments).Where(item => Holds(item) == wanted).ToList();
    }

    /// <summary>A part of an item: a name, an index, or several with dots between.</summary>
    static object? Path(object? item, object? attribute)
    {
        if (attribute is not string path)
            return Member.Get(item, attribute, isAttribute: false);
        foreach (var part in path.Split('.'))
        {
            if (item is Undefined missing)
                throw Python.Bad(missing.What);
            item = Member.Get(
                item, long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                ? index : part, isAttribute: false);
        }
        return item;
    }

    static object? Replace(Arguments arguments)
    {
        arguments.AtMost(4, "old", "new", "count");
        return Methods.Replace(Python.Str(Input(arguments)), Python.Str(arguments.Require(1, "old")),
            Python.Str(arguments.Require(2, "new")), arguments.Get(3, "count"));
    }

    static object? Indent(Arguments arguments)
    {
        arguments.AtMost(4, "width", "first", "blank");
        var indent = arguments.Get(1, "width", 4L) switch
        {
            string text => text,
            var width => new string(' ', (int)Math.Clamp(Python.AsLong(width), 0, 1000)),
        };
        var first = Python.IsTrue(arguments.Get(2, "first", false));
        var blank = Python.IsTrue(arguments.Get(3, "blank", false));
        var lines = Python.Str(Input(arguments)).Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            if (i == 0 ? first : blank || lines[i].Length > 0)
                lines[i] = indent + lines[i];
        }
        return string.Join('\n', lines);
    }

    static object? ToInt(Arguments arguments)
    {
        arguments.AtMost(3, "default", "base");
        var fallback = arguments.Get(1, "default", 0L);
        return Input(arguments) switch
        {
            double number => Math.Abs(number) < 9e18 ? (object)(long)number : fallback,
            string text when long.TryParse(
                text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                && arguments.Get(2, "base", 10L) is 10L => whole,
            string text when double.TryParse(
                text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && Math.Abs(number) < 9e18 => (long)number,
            long or bool => Python.AsLong(Input(arguments)),
            _ => fallback,
        };
    }

    static object? ToFloat(Arguments arguments)
    {
        arguments.AtMost(2, "default");
        return Input(arguments) switch
        {
            string text when double.TryParse(
                text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            long or bool or double => Python.AsDouble(Input(arguments)),
            _ => arguments.Get(1, "default", 0.0),
        };
    }

    static object? Round(Arguments arguments)
    {
        arguments.AtMost(3, "precision", "method");
        var number = Python.AsDouble(Input(arguments));
        var power = Math.Pow(10, Python.AsLong(arguments.Get(1, "precision", 0L)));
        return arguments.Get(2, "method", "common") switch
        {
            "common" => Math.Round(number * power, MidpointRounding.ToEven) / power,
            "ceil" => Math.Ceiling(number * power) / power,
            "floor" => Math.Floor(number * power) / power,
            var other =>
                throw Python.Bad($"{arguments.Callee} does not know the method {Python.Repr(other)}"),
        };
    }

    static object? ToJson(Arguments arguments)
    {
        arguments.AtMost(2, "indent", "ensure_ascii", "separators", "sort_keys");
        return PythonJson.Write(Input(arguments), arguments);
    }
}
