using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace Plimsoll.Engine.Grammars;

/// <summary>
/// A regular expression as a grammar, for the part of one that says nothing of what stands before or after:
/// ends are fixed by ^ and $; characters, sets, groups, alternatives and repeats are known.
/// </summary>
sealed class PatternGrammar
{
    const string Plain = "[^\"\\\\\\x7F\\x00-\\x1F]";

    readonly string _pattern;
    readonly string _where;
    int _at;
    int _depth;

    PatternGrammar(string pattern, string where)
    {
        _pattern = pattern;
        _where = where;
    }

    public static string Of(string pattern, string where)
    {
        if (pattern.Length < 2 || pattern[0] != '^' || pattern[^1] != '$')
        {
            throw JsonGrammar.Bad(
                where, "has a pattern that is not held at both ends by ^ and $, which cannot be said here");
        }
        var reader = new PatternGrammar(pattern[1..^1], where);
        var grammar = reader.ReadAlternatives();
        return reader._at == reader._pattern.Length ? grammar : throw reader.Unknown();
    }

    string ReadAlternatives()
    {
        if (++_depth > 50)
            throw JsonGrammar.Bad(_where, "has a pattern whose groups are nested more than 50 deep");
        List<string> ways = [ReadSequence()];
        while (_at < _pattern.Length && _pattern[_at] == '|')
        {
            _at++;
            ways.Add(ReadSequence());
        }
        _depth--;
        return $"({string.Join(" | ", ways)})";
    }

    string ReadSequence()
    {
        var items = new List<string>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
            items.Add(ReadItem() + ReadRepeat());
        return items.Count == 0 ? "\"\"" : string.Join(' ', items);
    }

    string ReadItem()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case '(':
                if (_at + 1 < _pattern.Length && _pattern[_at] == '?' && _pattern[_at + 1] == ':')
                    _at += 2;
                else if (_at < _pattern.Length && _pattern[_at] == '?')
                    throw Unknown();
                var group = ReadAlternatives();
                if (_at++ >= _pattern.Length)
                    throw Unknown();
                return group;
            case '[':
                return ReadSet();
            case '.':
                return Plain;
            case '\\':
                return ReadEscape() is { Length: > 1 } set ? $"[{set}]" : Text(_pattern[_at - 1].ToString());
            case '^' or '$' or '*' or '+' or '?' or '{' or '}' or ']':
                _at--;
                throw Unknown();
            default:
                if (char.IsHighSurrogate(c) && _at < _pattern.Length)
                    return Text($"{c}{_pattern[_at++]}");
                return Text(c.ToString());
        }
    }

    /// <summary>The character as JSON writes it inside a string.</summary>
    static string Text(string character) => character switch
    {
        "\"" => GrammarRules.Literal("\\\""),
        "\\" => GrammarRules.Literal("\\\\"),
        _ => GrammarRules.Literal(character),
    };

    /// <summary>A class of characters, as a set's inside; an escaped character as itself.</summary>
    string ReadEscape()
    {
        if (_at >= _pattern.Length)
            throw Unknown();
        var c = _pattern[_at++];
        return c switch
        {
            'd' => "0-9",
            'w' => "A-Za-z0-9_",
            's' => " ",
            _ when char.IsAsciiLetterOrDigit(c) => throw Unknown(),
            _ => c.ToString(),
        };
    }

    string ReadSet()
    {
        var negated = _at < _pattern.Length && _pattern[_at] == '^';
        _at += negated ? 1 : 0;
        var set = new StringBuilder();
        while (_at < _pattern.Length && _pattern[_at] != ']')
        {
            var c = _pattern[_at++];
            var part = c == '\\' ? ReadEscape() : c.ToString();
            var isRange = c == '-' && set.Length > 0 && _at < _pattern.Length && _pattern[_at] != ']';
            set.Append(
                part.Length > 1 || isRange ? part : part[0] is '\\' or ']' or '[' or '^' or '-'
                ? $"\\x{(int)part[0]:X2}" : part);
        }
        if (_at++ >= _pattern.Length)
            throw Unknown();
        if (!negated && (set.ToString().Contains('"') || set.ToString().Contains("\\x5C")))
        {
            throw JsonGrammar.Bad(
                _where, "has a pattern with a quote or a backslash in a set, which cannot be said here");
        }
        return negated ? $"[^\"\\\\\\x7F\\x00-\\x1F{set}]" : $"[{set}]";
    }

    string ReadRepeat()
    {
        if (_at >= _pattern.Length)
            return "";
        var start = _at;
        if (_pattern[_at] is '*' or '+' or '?')
        {
            _at++;
        }
        else if (_pattern[_at] == '{')
        {
            while (_at < _pattern.Length && _pattern[_at] != '}')
                _at++;
            if (_at++ >= _pattern.Length
                || _pattern[(start + 1)..(_at - 1)].Any(c => !char.IsAsciiDigit(c) && c != ','))
            {
                throw Unknown();
            }
        }
        var repeat = _pattern[start.._at];
        // Lazy or greedy, the same texts match.
        if (repeat.Length > 0 && _at < _pattern.Length && _pattern[_at] == '?')
            _at++;
        return repeat;
    }

    EngineRefusalException Unknown() => JsonGrammar.Bad(
        _where, $"has a pattern with '{(_at < _pattern.Length ? _pattern[_at].ToString() : "its end")}' in "
            + $"a place that cannot be said here");
}
