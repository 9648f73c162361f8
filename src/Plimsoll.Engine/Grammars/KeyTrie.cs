using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Engine.Grammars;

/// <summary>
/// Keys that are none of some names: a tree of the names' characters, left at any point but their ends.
/// </summary>
sealed class KeyTrie
{
    /// <summary>Every character of a name is a rule inside the one before it.</summary>
    const int LongestName = 256;

    readonly SortedDictionary<Rune, KeyTrie> _next = [];
    bool _isName;

    public static string Of(IEnumerable<string> names, GrammarRules rules)
    {
        var root = new KeyTrie();
        foreach (var name in names)
        {
            var at = root;
            if (name.Length > LongestName)
            {
                throw JsonGrammar.Bad(
                    "$", $"has a property name longer than {LongestName} characters beside open properties");
            }
            // A character that JSON escapes can be written in two ways: names with one are not told apart.
            if (name.Any(c => c is '"' or '\\' or < ' '))
            {
                throw JsonGrammar.Bad(
                    "$", $"has a property named with a quote, a backslash or a control character beside "
                        + $"open properties");
            }
            foreach (var rune in name.EnumerateRunes())
                at = at._next.TryGetValue(rune, out var next) ? next : at._next[rune] = new KeyTrie();
            at._isName = true;
        }
        return rules.Add($"\"\\\"\" {root.Expression(rules)} \"\\\"\"");
    }

    /// <summary>What may follow here: plain characters only, so that no escape spells a name.</summary>
    string Expression(GrammarRules rules)
    {
        if (_next.Count == 0)
            return rules.Add($"{PlainCharacter}{(_isName ? "+" : "*")}");
        var others =
            $"[^\"\\\\\\x7F\\x00-\\x1F{string.Concat(_next.Keys.Select(Escaped))}] {PlainCharacter}*";
        var ways =
            _next.Select(
            pair => $"{GrammarRules.Literal(pair.Key.ToString())} {pair.Value.Expression(rules)}")
            .Append(others).ToList();
        if (!_isName)
            ways.Add("\"\"");
        return rules.Add($"({string.Join(" | ", ways)})");
    }

    const string PlainCharacter = "[^\"\\\\\\x7F\\x00-\\x1F]";

    static string Escaped(Rune rune) =>
        rune.Value is '-' or ']' or '[' or '^' ? $"\\x{rune.Value:X2}" : rune.ToString();
}
