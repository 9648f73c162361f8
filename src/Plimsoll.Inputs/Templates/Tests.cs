using System;
using System.Collections.Generic;

namespace Plimsoll.Inputs.Templates;

/// <summary>Jinja2's tests: what may stand after <c>is</c>.</summary>
static class Tests
{
    static readonly Dictionary<string, Callable> _byName = new(StringComparer.Ordinal)
    {
        ["boolean"] = a => a.Positional[0] is bool,
        ["callable"] = a => a.Positional[0] is Callable or LoopState { Recurse: not null },
        ["defined"] = a => a.Positional[0] is not Undefined,
        ["divisibleby"] = a => Python.AsLong(a.Positional[0]) % Divisor(a) == 0,
        ["even"] = a => Python.AsLong(a.Positional[0]) % 2 == 0,
        ["false"] = a => a.Positional[0] is false,
        ["filter"] = a => Filters.Find(Python.Str(a.Positional[0])) is not null,
        ["float"] = a => a.Positional[0] is double,
        ["in"] = a => Python.Contains(a.Require(1, "seq"), a.Positional[0]),
        ["integer"] = a => a.Positional[0] is long,
        ["iterable"] = a =>
            a.Positional[0] is string or Undefined or IReadOnlyList<object?>
            or OrderedDictionary<object, object?>,
        ["lower"] = a => Methods.IsLower(Python.Str(a.Positional[0])),
        ["mapping"] = a => a.Positional[0] is OrderedDictionary<object, object?>,
        ["none"] = a => a.Positional[0] is null,
        ["number"] = a => Python.IsNumber(a.Positional[0]),
        ["odd"] = a => Math.Abs(Python.AsLong(a.Positional[0])) % 2 == 1,
        ["sameas"] = a => IsSame(a.Positional[0], a.Require(1, "other")),
        ["sequence"] = a =>
            a.Positional[0] is string or Undefined or IReadOnlyList<object?>
            or OrderedDictionary<object, object?>,
        ["string"] = a => a.Positional[0] is string,
        ["test"] = a => Find(Python.Str(a.Positional[0])) is not null,
        ["true"] = a => a.Positional[0] is true,
        ["undefined"] = a => a.Positional[0] is Undefined,
        ["upper"] = a => Methods.IsUpper(Python.Str(a.Positional[0])),
    };

    static Tests()
    {
        foreach (var (names, sign) in new[]
        {
            ("eq equalto ==", "=="), ("ne !=", "!="), ("lt lessthan <", "<"), ("le <=", "<="),
            ("gt greaterthan >", ">"), ("ge >=", ">="),
        })
        {
            foreach (var name in names.Split(' '))
                _byName[name] = a => Comparison.Holds(sign, a.Positional[0], a.Require(1, "other"));
        }
    }

    public static Callable? Find(string name) => _byName.GetValueOrDefault(name);

    static long Divisor(Arguments arguments) =>
        Python.AsLong(arguments.Require(1, "num")) is var divisor and not 0
        ? divisor
        : throw Python.Bad("a division by zero");

    static bool IsSame(object? a, object? b) =>
        ReferenceEquals(a, b)
            || (a?.GetType() == b?.GetType() && a is bool or long or string && Python.AreEqual(a, b));
}
