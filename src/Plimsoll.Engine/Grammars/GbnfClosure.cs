using System;
using System.Collections.Generic;
using System.Linq;

namespace Plimsoll.Engine.Grammars;

/// <summary>
/// Pieces of a grammar that have what their insides have: a sequence where all do, alternatives where one
/// does, a repeat where its inside does or none is needed. Each piece counts down what it waits for, so that
/// the time is linear in the grammar's size, however the rules lean on each other.
/// </summary>
sealed class GbnfClosure
{
    readonly Dictionary<GbnfNode, GbnfNode> _parents = [];
    readonly ILookup<string, GbnfNode> _references;
    readonly Dictionary<GbnfNode, string> _names = [];
    readonly Dictionary<GbnfNode, int> _waits = [];
    readonly HashSet<GbnfNode> _holds = [];
    readonly Queue<GbnfNode> _new = [];

    GbnfClosure(IReadOnlyDictionary<string, GbnfNode> rules, Func<GbnfNode, bool> leaf)
    {
        GbnfNode[] all = [.. rules.Values.SelectMany(rule => rule.All())];
        _references = all.Where(node => node.Kind == GbnfKind.Reference).ToLookup(node => node.Text);
        foreach (var (name, rule) in rules)
            _names[rule] = name;
        foreach (var node in all)
        {
            foreach (var child in node.Children)
                _parents[child] = node;
            _waits[node] = node.Kind switch
            {
                GbnfKind.Literal or GbnfKind.Characters => leaf(node) ? 0 : int.MaxValue,
                GbnfKind.Sequence => node.Children.Count,
                GbnfKind.Repeat => node.Least == 0 ? 0 : 1,
                _ => 1,
            };
            if (_waits[node] == 0)
                Hold(node);
        }
    }

    /// <param name="rules">The grammar.</param>
    /// <param name="leaf">Whether a literal or a set of characters has it.</param>
    public static HashSet<GbnfNode> Of(IReadOnlyDictionary<string, GbnfNode> rules, Func<GbnfNode, bool> leaf)
    {
        var closure = new GbnfClosure(rules, leaf);
        while (closure._new.TryDequeue(out var node))
        {
            if (closure._parents.TryGetValue(node, out var parent))
                closure.Count(parent);
            if (!closure._names.TryGetValue(node, out var name))
                continue;
            foreach (var reference in closure._references[name])
                closure.Count(reference);
        }
        return closure._holds;
    }

    void Count(GbnfNode node)
    {
        if (--_waits[node] == 0)
            Hold(node);
    }

    void Hold(GbnfNode node)
    {
        if (_holds.Add(node))
            _new.Enqueue(node);
    }
}
