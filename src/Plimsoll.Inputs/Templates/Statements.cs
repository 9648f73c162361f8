using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Inputs.Templates;

enum Flow : byte
{
    Next,
    Continue,
    Break,
}

/// <summary>Something that is done: it writes, sets or repeats.</summary>
abstract class Statement
{
    public abstract Flow Execute(Scope scope);

    public static Flow All(List<Statement> statements, Scope scope)
    {
        foreach (var statement in statements)
        {
            scope.Rendering.Work();
            var flow = statement.Execute(scope);
            if (flow != Flow.Next)
                return flow;
        }
        return Flow.Next;
    }
}

sealed class TextStatement(string text) : Statement
{
    public override Flow Execute(Scope scope)
    {
        scope.Rendering.Write(text);
        return Flow.Next;
    }
}

sealed class PrintStatement(Expression value) : Statement
{
    public override Flow Execute(Scope scope)
    {
        scope.Rendering.Write(Python.Str(value.Evaluate(scope)));
        return Flow.Next;
    }
}

sealed class IfStatement(List<(Expression? Condition, List<Statement> Body)> branches) : Statement
{
    public override Flow Execute(Scope scope)
    {
        foreach (var (condition, body) in branches)
        {
            if (condition is null || Python.IsTrue(condition.Evaluate(scope)))
                return All(body, scope);
        }
        return Flow.Next;
    }
}

/// <summary>Sets a name, several at once, or a part of a namespace.</summary>
sealed class SetStatement(Expression target, Expression value) : Statement
{
    public override Flow Execute(Scope scope)
    {
        Assign(target, value.Evaluate(scope), scope, scope);
        return Flow.Next;
    }

    public static void Assign(Expression target, object? value, Scope scope, Scope names)
    {
        switch (target)
        {
            case Name name:
                names.Set(name.Text, value);
                break;
            case Member member:
                var owner = member.Target.Evaluate(scope);
                if (owner is not Namespace space)
                {
                    throw Python.Bad(
                        $"only a namespace's parts can be set, not those of a {Python.TypeName(owner)}");
                }
                space.Values[(string)member.Key.Evaluate(scope)!] = value;
                break;
            case ListExpression tuple:
                var items = Python.Items(value, scope.Rendering);
                if (items.Count != tuple.Items.Count)
                    throw Python.Bad($"{items.Count} values cannot be given to {tuple.Items.Count} names");
                for (var i = 0; i < items.Count; i++)
                    Assign(tuple.Items[i], items[i], scope, names);
                break;
        }
    }
}

sealed class SetBlockStatement(Expression target, List<Filter> filters, List<Statement> body) : Statement
{
    public override Flow Execute(Scope scope)
    {
        object? text = scope.Rendering.Capture(() => All(body, scope.Inside()));
        foreach (var filter in filters)
            text = filter.Apply(text, scope);
        SetStatement.Assign(target, text, scope, scope);
        return Flow.Next;
    }
}

sealed class FilterBlockStatement(List<Filter> filters, List<Statement> body) : Statement
{
    public override Flow Execute(Scope scope)
    {
        object? text = scope.Rendering.Capture(() => All(body, scope.Inside()));
        foreach (var filter in filters)
            text = filter.Apply(text, scope);
        scope.Rendering.Write(Python.Str(text));
        return Flow.Next;
    }
}

/// <summary>
/// Statements that only group: <c>with</c>, and <c>generation</c>, which marks what a trainer learns from.
/// </summary>
sealed class GroupStatement(List<(Expression Target, Expression Value)> sets, List<Statement> body)
    : Statement
{
    public override Flow Execute(Scope scope)
    {
        var inside = scope.Inside();
        foreach (var (target, value) in sets)
            SetStatement.Assign(target, value.Evaluate(scope), scope, inside);
        return All(body, inside);
    }
}

sealed class FlowStatement(Flow flow) : Statement
{
    public override Flow Execute(Scope scope) => flow;
}

sealed class MacroStatement(
    string name, List<(string Name, Expression? Default)> parameters, List<Statement> body)
    : Statement
{
    public override Flow Execute(Scope scope)
    {
        scope.Set(name, Bind(scope));
        return Flow.Next;
    }

    public Callable Bind(Scope definedIn) => arguments =>
    {
        var scope = definedIn.Inside();
        for (var i = 0; i < parameters.Count; i++)
        {
            var (parameter, fallback) = parameters[i];
            scope.Set(parameter, arguments.Has(i, parameter) ? arguments.Get(i, parameter)
                : fallback is null ? new Undefined($"parameter '{parameter}' was not provided")
                    : fallback.Evaluate(scope));
        }
        scope.Set("varargs", arguments.Positional.Skip(parameters.Count).ToArray());
        var others = new OrderedDictionary<object, object?>();
        foreach (var (key, value) in arguments.Named)
        {
            if (key == "caller")
                scope.Set(key, value);
            else if (!parameters.Exists(parameter => parameter.Name == key))
                others[key] = value;
        }
        scope.Set("kwargs", others);
        return scope.Rendering.Capture(() => All(body, scope));
    };
}

/// <summary>Calls a macro that may call the block back.</summary>
sealed class CallStatement(Call call, MacroStatement caller) : Statement
{
    public override Flow Execute(Scope scope)
    {
        scope.Rendering.Write(Python.Str(call.Evaluate(scope, caller.Bind(scope))));
        return Flow.Next;
    }
}
