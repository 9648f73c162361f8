using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Plimsoll.Core.Draws;
using Plimsoll.Engine.Grammars;

namespace Plimsoll.Tests.Engine.Grammars;

/// <summary>What a grammar says: whether a text is of it, and texts drawn from it.</summary>
sealed class GrammarText(GbnfGrammar grammar)
{
    public bool Matches(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        return Ends(grammar.Rules["root"], runes, 0).Contains(runes.Length);
    }

    /// <summary>A text of the grammar; shorter ways are taken the deeper it is.</summary>
    public string Draw(ref RandomStream random)
    {
        var text = new StringBuilder();
        Draw(grammar.Rules["root"], ref random, text, 0);
        return text.ToString();
    }

    HashSet<int> Ends(GbnfNode node, Rune[] text, int at)
    {
        switch (node.Kind)
        {
            case GbnfKind.Literal:
                Rune[] literal = [.. node.Text.EnumerateRunes()];
                return text.Length - at >= literal.Length
                    && text.AsSpan(at, literal.Length).SequenceEqual(literal) ? [at + literal.Length] : [];
            case GbnfKind.Characters:
                return at < text.Length
                    && node.Ranges.Any(
                    r => text[at].Value >= r.From && text[at].Value <= r.To) != node.IsNegated ? [at + 1]
                    : [];
            case GbnfKind.Reference:
                return Ends(grammar.Rules[node.Text], text, at);
            case GbnfKind.Alternatives:
                return [.. node.Children.SelectMany(child => Ends(child, text, at))];
            case GbnfKind.Sequence:
                HashSet<int> places = [at];
                foreach (var child in node.Children)
                    places = [.. places.SelectMany(place => Ends(child, text, place))];
                return places;
            default:
                HashSet<int> all = node.Least == 0 ? [at] : [];
                HashSet<int> now = [at];
                for (var times = 1; now.Count > 0 && times <= (node.Most ?? text.Length + 1); times++)
                {
                    now = [.. now.SelectMany(
                        place =>
                        Ends(node.Children[0], text, place)
                        .Where(end => end > place || times <= node.Least))];
                    if (times >= node.Least)
                        now.ExceptWith(all);
                    if (times >= node.Least)
                        all.UnionWith(now);
                }
                return all;
        }
    }

    void Draw(GbnfNode node, ref RandomStream random, StringBuilder text, int depth)
    {
        switch (node.Kind)
        {
            case GbnfKind.Literal:
                text.Append(node.Text);
                break;
            case GbnfKind.Characters:
                text.Append(
                    node.IsNegated ? Other(node, ref random)
                    : Rune.GetRuneAt(char.ConvertFromUtf32(One(node, ref random)), 0).ToString());
                break;
            case GbnfKind.Reference:
                Draw(grammar.Rules[node.Text], ref random, text, depth + 1);
                break;
            case GbnfKind.Alternatives:
                // The last way of a value is the simplest one.
                var way = depth > 30 ? node.Children.Count - 1 : random.NextBelow(node.Children.Count);
                Draw(node.Children[way], ref random, text, depth);
                break;
            case GbnfKind.Sequence:
                foreach (var child in node.Children)
                    Draw(child, ref random, text, depth);
                break;
            default:
                var most = System.Math.Min(node.Most ?? int.MaxValue, node.Least + (depth > 30 ? 0 : 4));
                var times = node.Least + random.NextBelow(most - node.Least + 1);
                for (var i = 0; i < times; i++)
                    Draw(node.Children[0], ref random, text, depth);
                break;
        }
    }

    static int One(GbnfNode node, ref RandomStream random)
    {
        var (from, to) = node.Ranges[random.NextBelow(node.Ranges.Count)];
        return from + random.NextBelow(to - from + 1);
    }

    static string Other(GbnfNode node, ref RandomStream random)
    {
        while (true)
        {
            var code = random.NextBelow(5) == 0 ? 0xC0 + random.NextBelow(0x2000) : 32 + random.NextBelow(95);
            if (!node.Ranges.Any(r => code >= r.From && code <= r.To))
                return char.ConvertFromUtf32(code);
        }
    }
}
