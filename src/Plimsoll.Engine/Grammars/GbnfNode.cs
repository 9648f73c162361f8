using System;
using System.Collections.Generic;

namespace Plimsoll.Engine.Grammars;

enum GbnfKind : byte
{
    Literal,
    Characters,
    Reference,
    Sequence,
    Alternatives,
    Repeat,
}

/// <summary>A piece of a grammar.</summary>
sealed class GbnfNode
{
    public required GbnfKind Kind { get; init; }

    /// <summary>A literal's text, or the name of a rule.</summary>
    public string Text { get; init; } = "";

    /// <summary>Of a character set: ranges of code points.</summary>
    public IReadOnlyList<(int From, int To)> Ranges { get; init; } = [];

    public bool IsNegated { get; init; }

    public IReadOnlyList<GbnfNode> Children { get; init; } = [];

    public int Least { get; init; }

    /// <summary>Null without end.</summary>
    public int? Most { get; init; }

    /// <summary>This node and all inside it.</summary>
    public IEnumerable<GbnfNode> All()
    {
        var left = new Stack<GbnfNode>([this]);
        while (left.TryPop(out var node))
        {
            yield return node;
            foreach (var child in node.Children)
                left.Push(child);
        }
    }

    /// <summary>Elements once repeats are written out.</summary>
    public long Size()
    {
        var inside = Kind == GbnfKind.Literal ? Text.Length : 1;
        long size = inside;
        foreach (var child in Children)
            size = Math.Min(int.MaxValue, size + child.Size());
        return Kind == GbnfKind.Repeat
            ? Math.Min(int.MaxValue, size * Math.Max(1, Math.Max(Least, Most ?? 1))) : size;
    }

    /// <summary>Rules that may stand at the very beginning.</summary>
    public IEnumerable<string> Firsts(HashSet<GbnfNode> empty)
    {
        if (Kind == GbnfKind.Reference)
            yield return Text;
        foreach (var child in Children)
        {
            foreach (var name in child.Firsts(empty))
                yield return name;
            if (Kind == GbnfKind.Sequence && !empty.Contains(child))
                break;
        }
    }
}
