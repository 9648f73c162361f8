using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace Plimsoll.Engine.Grammars;

enum MachineStep : byte
{
    /// <summary>Takes one byte of a range.</summary>
    Byte,

    /// <summary>Goes on in either of two places.</summary>
    Fork,

    /// <summary>Goes through a rule, then on.</summary>
    Call,

    /// <summary>A rule's end.</summary>
    Return,
}

/// <summary>A place in a grammar.</summary>
/// <param name="Step">What is done there.</param>
/// <param name="Range">Of a byte: which ones.</param>
/// <param name="Next">The place after it.</param>
/// <param name="Other">Of a fork the second place, none if negative; of a call the rule's first.</param>
readonly record struct MachinePlace(MachineStep Step, ByteRange Range, int Next, int Other);

/// <summary>
/// A grammar as places to go through byte by byte. What is repeated is written once and called, so that its
/// size is the text's, not that of all repeats written out.
/// </summary>
sealed class GrammarMachine
{
    const int MostPlaces = 1_000_000;

    /// <summary>The place of every rule's end.</summary>
    public const int End = 0;

    readonly List<MachinePlace> _places = [new(MachineStep.Return, default, -1, -1)];
    readonly Dictionary<string, int> _rules = [];

    public GrammarMachine(GbnfGrammar grammar)
    {
        foreach (var name in grammar.Rules.Keys)
            _rules[name] = Add(MachineStep.Fork, -1);
        foreach (var (name, rule) in grammar.Rules)
            Join(_rules[name], Place(rule, End));
        Start = _rules["root"];
    }

    public int Start { get; }

    public ref readonly MachinePlace this[int place] => ref CollectionsMarshal.AsSpan(_places)[place];

    /// <summary>Where a piece begins that goes on in a place.</summary>
    int Place(GbnfNode node, int next)
    {
        switch (node.Kind)
        {
            case GbnfKind.Literal:
                var bytes = Encoding.UTF8.GetBytes(node.Text);
                for (var i = bytes.Length - 1; i >= 0; i--)
                    next = Add(new ByteRange(bytes[i], bytes[i]), next);
                return next;
            case GbnfKind.Characters:
                return Characters(node, next);
            case GbnfKind.Reference:
                return Add(MachineStep.Call, next, _rules[node.Text]);
            case GbnfKind.Sequence:
                for (var i = node.Children.Count - 1; i >= 0; i--)
                    next = Place(node.Children[i], next);
                return next;
            case GbnfKind.Alternatives:
                var any = Place(node.Children[^1], next);
                for (var i = node.Children.Count - 2; i >= 0; i--)
                    any = Add(MachineStep.Fork, Place(node.Children[i], next), any);
                return any;
            default:
                return Repeat(node, next);
        }
    }

    int Characters(GbnfNode node, int next)
    {
        var any = -1;
        foreach (var sequence in Utf8Ranges.Of(node))
        {
            var place = next;
            for (var i = sequence.Length - 1; i >= 0; i--)
                place = Add(sequence[i], place);
            any = any < 0 ? place : Add(MachineStep.Fork, place, any);
        }
        // A set without a character: a place that leads nowhere.
        return any < 0 ? Add(MachineStep.Fork, -1) : any;
    }

    int Repeat(GbnfNode node, int next)
    {
        var inside = node.Children[0];
        var rule = inside.Kind == GbnfKind.Reference ? _rules[inside.Text] : Place(inside, End);
        var place = next;
        if (node.Most is not { } most)
        {
            place = Add(MachineStep.Fork, -1, next);
            Join(place, Add(MachineStep.Call, place, rule), next);
            most = node.Least;
        }
        for (var i = node.Least; i < most; i++)
            place = Add(MachineStep.Fork, Add(MachineStep.Call, place, rule), next);
        for (var i = 0; i < node.Least; i++)
            place = Add(MachineStep.Call, place, rule);
        return place;
    }

    int Add(ByteRange range, int next) => Add(new MachinePlace(MachineStep.Byte, range, next, -1));

    int Add(MachineStep step, int next, int other = -1) => Add(new MachinePlace(step, default, next, other));

    int Add(in MachinePlace place)
    {
        if (_places.Count == MostPlaces)
            throw GbnfGrammar.Bad($"has more than {MostPlaces:N0} places");
        _places.Add(place);
        return _places.Count - 1;
    }

    void Join(int fork, int next, int other = -1) =>
        _places[fork] = new MachinePlace(MachineStep.Fork, default, next, other);
}
