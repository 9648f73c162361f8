using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Plimsoll.Engine.Grammars;

/// <summary>GBNF to nodes, as llama.cpp reads it.</summary>
sealed class GbnfParser(string text)
{
    const int Deepest = 100;
    const int MostStacked = 8;

    int _at;
    int _depth;

    public Dictionary<string, GbnfNode> ReadAll()
    {
        var rules = new Dictionary<string, GbnfNode>(StringComparer.Ordinal);
        SkipSpace(lines: true);
        while (_at < text.Length)
        {
            var name = ReadName();
            SkipSpace(lines: false);
            if (!Take("::="))
                throw Bad("'::=' was expected after a rule's name");
            SkipSpace(lines: true);
            var rule = ReadAlternatives(name, nested: false);
            if (!rules.TryAdd(name, rule))
                throw Bad($"rule {name} is there twice");
            if (_at < text.Length && text[_at] is not ('\n' or '\r'))
                throw Bad($"'{text[_at]}' has no meaning here");
            SkipSpace(lines: true);
        }
        return rules;
    }

    GbnfNode ReadAlternatives(string rule, bool nested)
    {
        if (++_depth > Deepest)
            throw Bad($"groups are nested more than {Deepest} deep");
        var alternatives = new List<GbnfNode> { ReadSequence(rule, nested) };
        while (Take("|"))
        {
            SkipSpace(lines: true);
            alternatives.Add(ReadSequence(rule, nested));
        }
        _depth--;
        return alternatives.Count == 1 ? alternatives[0]
            : new GbnfNode { Kind = GbnfKind.Alternatives, Children = alternatives };
    }

    GbnfNode ReadSequence(string rule, bool nested)
    {
        var items = new List<GbnfNode>();
        var stacked = 0;
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c is '*' or '+' or '?' or '{')
            {
                if (items.Count == 0)
                    throw Bad($"'{c}' in rule {rule} repeats nothing");
                if (++stacked > MostStacked)
                    throw Bad($"rule {rule} repeats one thing more than {MostStacked} times over");
                items[^1] = ReadRepeat(items[^1]);
            }
            else if (ReadItem(rule) is { } item)
            {
                items.Add(item);
                stacked = 0;
            }
            else
            {
                break;
            }
            SkipSpace(nested);
        }
        return items.Count == 1 ? items[0] : new GbnfNode { Kind = GbnfKind.Sequence, Children = items };
    }

    GbnfNode? ReadItem(string rule)
    {
        var c = text[_at];
        switch (c)
        {
            case '"':
                return ReadLiteral();
            case '[':
                return ReadCharacters();
            case '.':
                _at++;
                return new GbnfNode { Kind = GbnfKind.Characters, IsNegated = true };
            case '(':
                _at++;
                SkipSpace(lines: true);
                var group = ReadAlternatives(rule, nested: true);
                if (!Take(")"))
                    throw Bad($"a group in rule {rule} is never closed");
                return group;
            case '<' or '!':
                throw Bad("tokens by number or name (<…>) are not known here");
            default:
                return IsNamePart(c) ? new GbnfNode { Kind = GbnfKind.Reference, Text = ReadName() } : null;
        }
    }

    GbnfNode ReadRepeat(GbnfNode item)
    {
        var (least, most) = text[_at++] switch
        {
            '*' => (0, (int?)null),
            '+' => (1, null),
            '?' => (0, 1),
            _ => ReadBounds(),
        };
        return new GbnfNode { Kind = GbnfKind.Repeat, Children = [item], Least = least, Most = most };
    }

    (int Least, int? Most) ReadBounds()
    {
        SkipSpace(lines: false);
        var least = ReadNumber();
        SkipSpace(lines: false);
        int? most = least;
        if (Take(","))
        {
            SkipSpace(lines: false);
            most = _at < text.Length && char.IsAsciiDigit(text[_at]) ? ReadNumber() : null;
            SkipSpace(lines: false);
        }
        if (!Take("}"))
            throw Bad("'}' was expected after a number of repeats");
        return most < least ? throw Bad($"between {least} and {most} repeats is no number") : (least, most);
    }

    int ReadNumber()
    {
        var start = _at;
        while (_at < text.Length && char.IsAsciiDigit(text[_at]))
            _at++;
        return int.TryParse(
            text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw Bad("a number of repeats was expected");
    }

    GbnfNode ReadLiteral()
    {
        var literal = new StringBuilder();
        _at++;
        while (!Take("\""))
            literal.Append(char.ConvertFromUtf32(ReadCharacter("a literal")));
        return new GbnfNode { Kind = GbnfKind.Literal, Text = literal.ToString() };
    }

    GbnfNode ReadCharacters()
    {
        _at++;
        var negated = Take("^");
        var ranges = new List<(int From, int To)>();
        while (!Take("]"))
        {
            var from = ReadCharacter("a character set");
            var to = from;
            if (_at + 1 < text.Length && text[_at] == '-' && text[_at + 1] != ']')
            {
                _at++;
                to = ReadCharacter("a character set");
            }
            ranges.Add(
                to >= from ? (from, to) : throw Bad("a range of characters that ends before it begins"));
        }
        return new GbnfNode { Kind = GbnfKind.Characters, IsNegated = negated, Ranges = ranges };
    }

    int ReadCharacter(string where)
    {
        if (_at >= text.Length || text[_at] is '\n' or '\r')
            throw Bad($"{where} is never closed");
        if (text[_at] != '\\')
        {
            if (!Rune.TryGetRuneAt(text, _at, out var rune))
                throw Bad("half a character");
            _at += rune.Utf16SequenceLength;
            return rune.Value;
        }
        var escape = ++_at < text.Length ? text[_at++] : '\0';
        return escape switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' or '"' or '[' or ']' or '-' or '^' => escape,
            'x' => ReadHexadecimal(2),
            'u' => ReadHexadecimal(4),
            'U' => ReadHexadecimal(8),
            _ => throw Bad($"the escape \\{escape} is not known"),
        };
    }

    int ReadHexadecimal(int digits)
    {
        if (_at + digits > text.Length
            || !int.TryParse(text.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, null, out var code)
            || !Rune.IsValid(code))
        {
            throw Bad($"an escape needs {digits} hexadecimal digits of a character");
        }

        _at += digits;
        return code;
    }

    string ReadName()
    {
        var start = _at;
        while (_at < text.Length && IsNamePart(text[_at]))
            _at++;
        return _at > start ? text[start.._at]
            : throw Bad(
            _at < text.Length ? $"a name was expected, not '{text[_at]}'" : "a name was expected");
    }

    static bool IsNamePart(char c) => char.IsAsciiLetterOrDigit(c) || c == '-';

    void SkipSpace(bool lines)
    {
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c == '#')
            {
                while (_at < text.Length && text[_at] is not ('\n' or '\r'))
                    _at++;
            }
            else if (c is ' ' or '\t' || (lines && c is '\n' or '\r'))
            {
                _at++;
            }
            else
            {
                break;
            }
        }
    }

    bool Take(string sign)
    {
        if (string.CompareOrdinal(text, _at, sign, 0, sign.Length) != 0)
            return false;
        _at += sign.Length;
        return true;
    }

    EngineRefusalException Bad(string problem)
    {
        var line = 1;
        foreach (var c in text.AsSpan(0, Math.Min(_at, text.Length)))
            line += c == '\n' ? 1 : 0;
        return GbnfGrammar.Bad($"line {line}: {problem}");
    }
}
