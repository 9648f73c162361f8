using System.Collections.Generic;

namespace Plimsoll.Engine.Grammars;

/// <summary>
/// Reads GBNF and holds it against what libllama takes for granted. A grammar that is empty, that names rules
/// it does not have, that recurs on its left without end, that can never be finished or that unrolls to an
/// absurd size is refused in one line.
/// </summary>
public sealed class GbnfGrammar
{
    const int LongestText = 1 << 18;
    const int MostRepeats = 2000;
    const long MostElements = 200_000;

    readonly Dictionary<string, GbnfNode> _rules;

    GbnfGrammar(Dictionary<string, GbnfNode> rules) => _rules = rules;

    /// <summary>Rules by name.</summary>
    internal IReadOnlyDictionary<string, GbnfNode> Rules => _rules;

    /// <summary>The same text, if it is a grammar that an answer can be held to.</summary>
    public static string Check(string text)
    {
        Read(text);
        return text;
    }

    public static GbnfGrammar Read(string text)
    {
        if (text.Length > LongestText)
            throw Bad($"is longer than {LongestText} characters");
        var grammar = new GbnfGrammar(new GbnfParser(text).ReadAll());
        if (grammar._rules.Count == 0)
            throw Bad("is empty; expected a rule named root");
        if (!grammar._rules.ContainsKey("root"))
            throw Bad("has no rule named root");
        grammar.CheckNames();
        grammar.CheckSize();
        grammar.CheckLeft();
        grammar.CheckEnds();
        return grammar;
    }

    internal static EngineRefusalException Bad(string problem) => new($"grammar: {problem}");

    void CheckNames()
    {
        foreach (var (name, rule) in _rules)
        {
            foreach (var node in rule.All())
            {
                if (node.Kind == GbnfKind.Reference && !_rules.ContainsKey(node.Text))
                    throw Bad($"rule {name} names {node.Text}, which is not there");
            }
        }
    }

    void CheckSize()
    {
        var elements = 0L;
        foreach (var (name, rule) in _rules)
        {
            elements += rule.Size();
            foreach (var node in rule.All())
            {
                if (node.Kind == GbnfKind.Repeat && (node.Least > MostRepeats || node.Most is > MostRepeats))
                    throw Bad($"rule {name} repeats more than {MostRepeats} times");
            }
        }
        if (elements > MostElements)
            throw Bad($"unrolls to more than {MostElements:N0} elements");
    }

    /// <summary>A rule can be finished when one of its alternatives needs only rules that can.</summary>
    void CheckEnds()
    {
        var ends = GbnfClosure.Of(
            _rules, leaf => leaf.Kind == GbnfKind.Literal || leaf.IsNegated || leaf.Ranges.Count > 0);
        if (!ends.Contains(_rules["root"]))
        {
            throw Bad(
                "can never be finished: every way through root needs itself again, or a "
                    + "character of an empty set");
        }
    }

    /// <summary>A rule that begins with itself, directly or through others, has no first character.</summary>
    void CheckLeft()
    {
        var empty = GbnfClosure.Of(_rules, leaf => leaf.Kind == GbnfKind.Literal && leaf.Text.Length == 0);
        var done = new HashSet<string>();
        foreach (var name in _rules.Keys)
            Walk(name, empty, done, []);
    }

    void Walk(string name, HashSet<GbnfNode> empty, HashSet<string> done, HashSet<string> path)
    {
        if (done.Contains(name))
            return;
        if (!path.Add(name))
            throw Bad($"rule {name} begins with itself");
        if (path.Count > 1000)
            throw Bad("chains more than 1000 rules");
        foreach (var first in _rules[name].Firsts(empty))
            Walk(first, empty, done, path);
        path.Remove(name);
        done.Add(name);
    }
}
