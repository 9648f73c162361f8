using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>Something that has a value.</summary>
abstract class Expression
{
    public abstract object? Evaluate(Scope scope);
}

sealed class Literal(object? value) : Expression
{
    public override object? Evaluate(Scope scope) => value;
}

sealed class Name(string name) : Expression
{
    public string Text { get; } = name;

    public override object? Evaluate(Scope scope)
    {
        scope.Rendering.Work();
        var value = scope.Find(Text);
        return value is Undefined && Globals.Find(Text) is { } global ? global : value;
    }
}

sealed class ListExpression(List<Expression> items, bool isTuple) : Expression
{
    public List<Expression> Items { get; } = items;

    public override object? Evaluate(Scope scope)
    {
        scope.Rendering.Work(Items.Count);
        var values = Items.Select(item => item.Evaluate(scope));
        return isTuple ? values.ToArray() : values.ToList();
    }
}

sealed class DictExpression(List<(Expression Key, Expression Value)> entries) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var map = new OrderedDictionary<object, object?>();
        foreach (var (key, value) in entries)
            map[Python.Key(key.Evaluate(scope))] = value.Evaluate(scope);
        return map;
    }
}

sealed class Conditional(Expression condition, Expression then, Expression? otherwise) : Expression
{
    public override object? Evaluate(Scope scope) => Python.IsTrue(condition.Evaluate(scope))
        ? then.Evaluate(scope)
        : otherwise is null ? new Undefined("an if without an else was false") : otherwise.Evaluate(scope);
}

sealed class Unary(string sign, Expression operand) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var value = operand.Evaluate(scope);
        return sign switch
        {
            "not" => (object)!Python.IsTrue(value),
            "-" when value is double number => -number,
            "-" => checked(-Python.AsLong(value)),
            _ => Python.IsNumber(value) ? value : throw Python.Bad($"'+' takes no {Python.TypeName(value)}"),
        };
    }
}

/// <summary>And and or: the operand that decides is the value.</summary>
sealed class Logical(bool isAnd, Expression left, Expression right) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var value = left.Evaluate(scope);
        return Python.IsTrue(value) == isAnd ? right.Evaluate(scope) : value;
    }
}

/// <summary>One or more comparisons in a row, as in <c>0 &lt; x &lt; 5</c>.</summary>
sealed class Comparison(Expression first, List<(string Sign, Expression Operand)> rest) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var left = first.Evaluate(scope);
        foreach (var (sign, operand) in rest)
        {
            var right = operand.Evaluate(scope);
            if (!Holds(sign, left, right))
                return false;
            left = right;
        }
        return true;
    }

    public static bool Holds(string sign, object? left, object? right) => sign switch
    {
        "==" => Python.AreEqual(left, right),
        "!=" => !Python.AreEqual(left, right),
        "<" => Python.Compare(left, right) < 0,
        "<=" => Python.Compare(left, right) <= 0,
        ">" => Python.Compare(left, right) > 0,
        ">=" => Python.Compare(left, right) >= 0,
        "in" => Python.Contains(right, left),
        _ => !Python.Contains(right, left),
    };
}

sealed class Arithmetic(string sign, Expression left, Expression right) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        scope.Rendering.Work();
        var a = left.Evaluate(scope);
        var b = right.Evaluate(scope);
        if (sign == "~")
            return Joined(scope, Python.Str(a), Python.Str(b));
        if (sign == "+" && a is string x && b is string y)
            return Joined(scope, x, y);
        if (sign == "+" && a is List<object?> one && b is List<object?> two)
        {
            scope.Rendering.Work(one.Count + two.Count);
            return (List<object?>)[.. one, .. two];
        }
        if (sign == "*" && a is string text && b is long times)
            return Repeated(scope, text, times);
        if (!Python.IsNumber(a) || !Python.IsNumber(b))
            throw Python.Bad($"'{sign}' does not take a {Python.TypeName(a)} and a {Python.TypeName(b)}");
        try
        {
            return a is double || b is double || sign == "/"
                ? (object)Floats(Python.AsDouble(a), Python.AsDouble(b))
                : Wholes(Python.AsLong(a), Python.AsLong(b));
        }
        catch (OverflowException)
        {
            throw Python.Bad($"{a} {sign} {b} is too large");
        }
    }

    static string Joined(Scope scope, string a, string b)
    {
        scope.Rendering.Work((a.Length + b.Length) / 64);
        return a + b;
    }

    static string Repeated(Scope scope, string text, long times)
    {
        times = Math.Max(0, times);
        scope.Rendering.Work(times > int.MaxValue ? long.MaxValue : text.Length * times);
        return new StringBuilder().Insert(0, text, (int)times).ToString();
    }

    object Wholes(long a, long b) => sign switch
    {
        "+" => (object)checked(a + b),
        "-" => checked(a - b),
        "*" => checked(a * b),
        "**" when b < 0 => Math.Pow(a, b),
        "**" => Power(a, b),
        _ when b == 0 => throw Python.Bad("a division by zero"),
        "//" => FloorDivide(a, b),
        _ => a - b * FloorDivide(a, b),
    };

    static long FloorDivide(long a, long b) =>
        checked(a / b) - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);

    static long Power(long a, long b)
    {
        var power = 1L;
        for (var i = 0L; i < b && power is not 0 && (a is not 1); i++)
            power = checked(power * a);
        return power;
    }

    double Floats(double a, double b) => sign switch
    {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "**" => Math.Pow(a, b),
        _ when b == 0 => throw Python.Bad("a division by zero"),
        "/" => a / b,
        "//" => Math.Floor(a / b),
        _ => a - b * Math.Floor(a / b),
    };
}

/// <summary>
/// <c>a.b</c> looks for a method first and then for a key, <c>a['b']</c> the other way round, as Jinja2 does:
/// a JSON schema's key "items" is found by the second form only.
/// </summary>
sealed class Member(Expression target, Expression key, bool isAttribute) : Expression
{
    public Expression Target { get; } = target;

    public Expression Key { get; } = key;

    public override object? Evaluate(Scope scope)
    {
        scope.Rendering.Work();
        var value = Target.Evaluate(scope);
        if (value is Undefined missing)
            throw Python.Bad(missing.What);
        var name = Key.Evaluate(scope);
        return Get(value, name, isAttribute);
    }

    public static object? Get(object? value, object? key, bool isAttribute)
    {
        var method = key is string name ? Methods.Find(value, name) : null;
        if (isAttribute && method is not null)
            return method;
        switch (value)
        {
            case OrderedDictionary<object, object?> map when key is string or long or bool or double:
                if (map.TryGetValue(Python.Key(key), out var found))
                    return found;
                break;
            case LoopState loop when key is string attribute:
                return loop.Find(attribute);
            case Namespace space when key is string part && space.Values.TryGetValue(part, out var held):
                return held;
            case IReadOnlyList<object?> list when key is long or bool:
                var at = Python.AsLong(key);
                at += at < 0 ? list.Count : 0;
                if (at >= 0 && at < list.Count)
                    return list[(int)at];
                break;
            case string text when key is long or bool:
                var characters = Python.Characters(text);
                var index = Python.AsLong(key);
                index += index < 0 ? characters.Count : 0;
                if (index >= 0 && index < characters.Count)
                    return characters[(int)index];
                break;
        }
        return method ?? (object)new Undefined(
            $"{(value is null ? "None" : $"'{Python.TypeName(value)} object'")} has no "
                + $"{(key is string ? "attribute" : "element")} {Python.Repr(key)}");
    }
}

sealed class Slice(Expression target, Expression? from, Expression? to, Expression? step) : Expression
{
    public override object? Evaluate(Scope scope)
    {
        var value = target.Evaluate(scope);
        IReadOnlyList<object?> items = value is string text
            ? [.. Python.Characters(text)]
            : value as IReadOnlyList<object?>
                ?? throw Python.Bad($"a {Python.TypeName(value)} cannot be cut");
        scope.Rendering.Work(items.Count);
        var stride = step?.Evaluate(scope) is { } given ? Python.AsLong(given) : 1;
        if (stride == 0)
            throw Python.Bad("a cut by steps of zero");
        var count = items.Count;
        var start =
            Bound(from, scope, stride > 0 ? 0 : count - 1, stride > 0 ? 0 : -1, stride > 0 ? count
            : count - 1, count);
        var end =
            Bound(to, scope, stride > 0 ? count : -1, stride > 0 ? 0 : -1, stride > 0 ? count
            : count - 1, count);
        var cut = new List<object?>();
        for (var i = start; stride > 0 ? i < end : i > end; i += stride)
            cut.Add(items[(int)i]);
        return value is string ? string.Concat(cut) : value is object?[] ? cut.ToArray() : cut;
    }

    static long Bound(Expression? bound, Scope scope, long open, long least, long most, int count)
    {
        if (bound?.Evaluate(scope) is not { } value)
            return open;
        var at = Python.AsLong(value);
        return Math.Clamp(at < 0 ? at + count : at, least, most);
    }
}

/// <summary>Arguments as they are written.</summary>
sealed class ArgumentList
{
    public List<Expression> Positional { get; } = [];

    public List<KeyValuePair<string, Expression>> Named { get; } = [];

    /// <summary>After <c>*</c>: values of an expression as further arguments.</summary>
    public Expression? Spread { get; set; }

    /// <summary>After <c>**</c>: a dict's entries as further named arguments.</summary>
    public Expression? SpreadNamed { get; set; }

    public Arguments Evaluate(string callee, Scope scope, params ReadOnlySpan<object?> before)
    {
        var positional = new List<object?>(before.Length + Positional.Count);
        positional.AddRange(before);
        foreach (var argument in Positional)
            positional.Add(argument.Evaluate(scope));
        if (Spread is not null)
            positional.AddRange(Python.Items(Spread.Evaluate(scope), scope.Rendering));
        var named = Named.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Evaluate(scope))).ToList();
        if (SpreadNamed?.Evaluate(scope) is OrderedDictionary<object, object?> map)
            named.AddRange(map.Select(pair => KeyValuePair.Create(Python.Str(pair.Key), pair.Value)));
        return new Arguments(callee, positional, named, scope);
    }
}

sealed class Call(Expression target, ArgumentList arguments, string text) : Expression
{
    public override object? Evaluate(Scope scope) => Evaluate(scope, caller: null);

    public object? Evaluate(Scope scope, Callable? caller)
    {
        var callee = target.Evaluate(scope);
        if (callee is Undefined missing)
            throw Python.Bad(missing.What);
        if (callee is LoopState { Recurse: { } recurse })
            callee = recurse;
        if (callee is not Callable callable)
            throw Python.Bad($"'{text}' is a {Python.TypeName(callee)} and cannot be called");
        var values = arguments.Evaluate($"'{text}'", scope);
        if (caller is not null)
            values.Named.Add(KeyValuePair.Create("caller", (object?)caller));
        scope.Rendering.Work();
        return callable(values);
    }
}

/// <summary>
/// A filter: a function whose first argument stands before a bar. With no value it is given a block's text.
/// </summary>
sealed class Filter(Expression? value, string name, Callable function, ArgumentList arguments) : Expression
{
    public override object? Evaluate(Scope scope) => Apply(value!.Evaluate(scope), scope);

    public object? Apply(object? input, Scope scope)
    {
        scope.Rendering.Work();
        return function(arguments.Evaluate($"the filter '{name}'", scope, input));
    }
}

sealed class Test(Expression value, string name, Callable function, ArgumentList arguments, bool negated)
    : Expression
{
    public override object? Evaluate(Scope scope)
    {
        // A name that is not there may be asked whether it is defined; so may a part of something that is.
        var holds =
            Python.IsTrue(function(arguments.Evaluate($"the test '{name}'", scope, value.Evaluate(scope))));
        return holds != negated;
    }
}
