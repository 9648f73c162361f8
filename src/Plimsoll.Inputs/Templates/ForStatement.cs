using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// A loop over items, those that a condition holds for; what it sets is gone with each round. A recursive
/// one can be called by the name <c>loop</c>.
/// </summary>
sealed class ForStatement(
    Expression target, Expression items, Expression? condition, bool isRecursive, List<Statement> body,
    List<Statement> otherwise) : Statement
{
    public override Flow Execute(Scope scope)
    {
        Run(scope, Python.Items(items.Evaluate(scope), scope.Rendering), depth: 1);
        return Flow.Next;
    }

    void Run(Scope scope, IReadOnlyList<object?> all, int depth)
    {
        var chosen = condition is null ? all : [.. all.Where(item => IsChosen(scope, item))];
        var loop = new LoopState(chosen, depth, isRecursive ? arguments =>
            scope.Rendering.Capture(
                () => Run(scope, Python.Items(arguments.Require(0, "items"), scope.Rendering), depth + 1))
                : null);
        for (var i = 0; i < chosen.Count; i++)
        {
            var inside = scope.Inside();
            loop.Index = i;
            inside.Set("loop", loop);
            SetStatement.Assign(target, chosen[i], scope, inside);
            if (All(body, inside) == Flow.Break)
                break;
        }
        if (chosen.Count == 0)
            All(otherwise, scope.Inside());
    }

    bool IsChosen(Scope scope, object? item)
    {
        var inside = scope.Inside();
        SetStatement.Assign(target, item, scope, inside);
        return Python.IsTrue(condition!.Evaluate(inside));
    }
}

/// <summary>What a template knows as <c>loop</c>.</summary>
sealed class LoopState(IReadOnlyList<object?> items, int depth, Callable? recurse)
{
    object? _last;
    bool _hasLast;

    public int Index { get; set; }

    public Callable? Recurse => recurse;

    public object? Find(string name) => name switch
    {
        "index" => Index + 1L,
        "index0" => (long)Index,
        "revindex" => (long)(items.Count - Index),
        "revindex0" => items.Count - Index - 1L,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "depth" => (long)depth,
        "depth0" => depth - 1L,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
        "nextitem" => Index < items.Count - 1 ? items[Index + 1] : new Undefined("there is no next item"),
        "cycle" => (Callable)(arguments => arguments.Positional.Count > 0
            ? arguments.Positional[Index % arguments.Positional.Count]
            : throw Python.Bad("loop.cycle needs something to go through")),
        "changed" => (Callable)(arguments =>
        {
            object?[] now = [.. arguments.Positional];
            var changed = !_hasLast || !Python.AreEqual(_last, now);
            (_last, _hasLast) = (now, true);
            return changed;
        }),
        _ => new Undefined($"'loop' has no attribute '{name}'"),
    };
}
