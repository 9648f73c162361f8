using System;
using System.Collections.Generic;
using System.Text;

namespace Plimsoll.Inputs.Templates;

/// <summary>
/// Cuts a template into tokens as Jinja2 does with <c>trim_blocks</c> and <c>lstrip_blocks</c>, the settings
/// that chat templates are written for: a block tag takes the line break after it and the indentation before
/// it; a minus takes all white space, a plus none.
/// </summary>
sealed class TemplateLexer
{
    static readonly string[] _operators =
    [
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", ".", ":", "|", ",",
        "(", ")", "[", "]", "{", "}",
    ];

    readonly string _source;
    readonly List<TemplateToken> _tokens = [];
    int _position;
    int _line = 1;
    bool _lineStarts = true;

    TemplateLexer(string source) => _source = source;

    public static List<TemplateToken> Read(string source)
    {
        source = source.Replace("\r\n", "\n").Replace('\r', '\n');
        if (source.EndsWith('\n'))
            source = source[..^1];
        var lexer = new TemplateLexer(source);
        while (lexer.ReadPart())
        {
        }
        lexer.Add(TokenKind.End, "the end of the template");
        return lexer._tokens;
    }

    /// <summary>Reads text up to a tag, and the tag.</summary>
    bool ReadPart()
    {
        var start = _position;
        var tag = NextTag(start);
        if (tag < 0)
        {
            AddText(_source[start..]);
            _position = _source.Length;
            return false;
        }
        var kind = _source[tag + 1];
        var sign = tag + 2 < _source.Length ? _source[tag + 2] : ' ';
        AddText(Before(_source[start..tag], kind, sign));
        _position = tag + 2 + (sign is '-' or '+' ? 1 : 0);
        CountLines(start, _position);
        _lineStarts = false;
        if (kind == '#')
            SkipComment();
        else if (kind == '%' && IsRaw(_position))
            ReadRaw();
        else
            ReadTag(kind == '%');
        return true;
    }

    int NextTag(int from)
    {
        for (var i = _source.IndexOf('{', from); i >= 0
            && i + 1 < _source.Length; i = _source.IndexOf('{', i + 1))
        {
            if (_source[i + 1] is '{' or '%' or '#')
                return i;
        }
        return -1;
    }

    /// <summary>The text before a tag, less what the tag takes of it.</summary>
    string Before(string text, char kind, char sign)
    {
        if (sign == '-')
            return text.TrimEnd();
        if (sign == '+' || kind == '{')
            return text;
        var lineStart = text.LastIndexOf('\n') + 1;
        return (lineStart > 0 || _lineStarts) && text.AsSpan(lineStart).IsWhiteSpace() ? text[..lineStart]
            : text;
    }

    void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
            throw Bad("a comment is never closed");
        var begin = _position;
        var sign = end > begin ? _source[end - 1] : ' ';
        _position = end + 2;
        AfterTag(begin, isBlock: true, sign);
    }

    void ReadTag(bool isBlock)
    {
        Add(isBlock ? TokenKind.BlockBegin : TokenKind.PrintBegin, isBlock ? "{%" : "{{");
        var open = new Stack<char>();
        while (true)
        {
            SkipSpace();
            if (_position >= _source.Length)
                throw Bad("a tag is never closed");
            if (open.Count == 0 && TryEndTag(isBlock))
                return;
            ReadExpressionToken(open);
        }
    }

    bool TryEndTag(bool isBlock)
    {
        var sign = _source[_position];
        var at = _position + (sign is '-' or '+' ? 1 : 0);
        if (string.CompareOrdinal(_source, at, isBlock ? "%}" : "}}", 0, 2) != 0)
            return false;
        Add(isBlock ? TokenKind.BlockEnd : TokenKind.PrintEnd, isBlock ? "%}" : "}}");
        var begin = _position;
        _position = at + 2;
        AfterTag(begin, isBlock, sign);
        return true;
    }

    /// <summary>Takes the white space after a tag that belongs to it.</summary>
    void AfterTag(int begin, bool isBlock, char sign)
    {
        if (sign == '-')
        {
            while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
                _position++;
        }
        else if (isBlock && sign != '+' && _position < _source.Length && _source[_position] == '\n')
        {
            _position++;
        }
        CountLines(begin, _position);
        _lineStarts = _source[_position - 1] == '\n';
    }

    bool IsRaw(int position)
    {
        while (position < _source.Length && char.IsWhiteSpace(_source[position]))
            position++;
        if (string.CompareOrdinal(_source, position, "raw", 0, 3) != 0)
            return false;
        position += 3;
        while (position < _source.Length
            && (char.IsWhiteSpace(_source[position]) || _source[position] == '-'))
        {
            position++;
        }
        return string.CompareOrdinal(_source, position, "%}", 0, 2) == 0;
    }

    void ReadRaw()
    {
        var close = _source.IndexOf("%}", _position, StringComparison.Ordinal);
        var begin = _position;
        var sign = _source[close - 1];
        _position = close + 2;
        // The line break after the opening tag is part of what is left raw.
        AfterTag(begin, isBlock: false, sign);
        var text = _position;
        for (var tag = _source.IndexOf("{%", text, StringComparison.Ordinal); tag >= 0;
            tag = _source.IndexOf("{%", tag + 2, StringComparison.Ordinal))
        {
            var name = tag + 2;
            var opening = name < _source.Length ? _source[name] : ' ';
            if (opening is '-' or '+')
                name++;
            while (name < _source.Length && char.IsWhiteSpace(_source[name]))
                name++;
            var end = _source.IndexOf("%}", tag + 2, StringComparison.Ordinal);
            if (end < 0 || string.CompareOrdinal(_source, name, "endraw", 0, 6) != 0)
                continue;
            AddText(Before(_source[text..tag], '%', opening));
            _position = end + 2;
            AfterTag(text, isBlock: true, _source[end - 1]);
            return;
        }
        throw Bad("a raw block is never closed");
    }

    void ReadExpressionToken(Stack<char> open)
    {
        var c = _source[_position];
        if (c is '"' or '\'')
        {
            ReadString(c);
        }
        else if (char.IsAsciiDigit(c))
        {
            ReadNumber();
        }
        else if (char.IsLetter(c) || c == '_')
        {
            var start = _position;
            while (_position < _source.Length
                && (char.IsLetterOrDigit(_source[_position]) || _source[_position] == '_'))
            {
                _position++;
            }
            Add(TokenKind.Name, _source[start.._position]);
        }
        else
        {
            ReadOperator(open);
        }
    }

    void ReadOperator(Stack<char> open)
    {
        foreach (var sign in _operators)
        {
            if (string.CompareOrdinal(_source, _position, sign, 0, sign.Length) != 0)
                continue;
            if (sign is "(" or "[" or "{")
                open.Push(sign[0]);
            var closes = ")]}".IndexOf(sign[0]);
            if (closes >= 0 && (open.Count == 0 || "([{".IndexOf(open.Pop()) != closes))
                throw Bad($"a '{sign}' closes nothing");
            _position += sign.Length;
            Add(TokenKind.Operator, sign);
            return;
        }
        throw Bad($"'{_source[_position]}' has no meaning in an expression");
    }

    void ReadNumber()
    {
        var start = _position;
        var isFloat = false;
        while (_position < _source.Length)
        {
            var c = _source[_position];
            var next = _position + 1 < _source.Length ? _source[_position + 1] : ' ';
            if (char.IsAsciiDigit(c) || (c == '_' && char.IsAsciiDigit(next)))
                _position++;
            else if (!isFloat && c == '.' && char.IsAsciiDigit(next) && !AfterDot(start))
                (isFloat, _position) = (true, _position + 1);
            else if (c is 'e' or 'E' && (char.IsAsciiDigit(next) || next is '+' or '-'))
                (isFloat, _position) = (true, _position + 2);
            else
                break;
        }
        Add(isFloat ? TokenKind.Float : TokenKind.Integer, _source[start.._position].Replace("_", ""));
    }

    /// <summary>In <c>a.0.1</c> the numbers are indices.</summary>
    bool AfterDot(int start) => start > 0 && _source[start - 1] == '.';

    void ReadString(char quote)
    {
        var text = new StringBuilder();
        var begin = _position++;
        while (true)
        {
            if (_position >= _source.Length)
                throw Bad("a string is never closed");
            var c = _source[_position++];
            if (c == quote)
                break;
            if (c == '\\' && _position < _source.Length)
                ReadEscape(text);
            else
                text.Append(c);
        }
        Add(TokenKind.String, text.ToString());
        CountLines(begin, _position);
    }

    /// <summary>Python's escapes; an unknown one stays as it is written.</summary>
    void ReadEscape(StringBuilder text)
    {
        var c = _source[_position++];
        var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (_position + digits > _source.Length
                || !uint.TryParse(
                    _source.AsSpan(_position, digits), System.Globalization.NumberStyles.HexNumber, null,
                    out var code)
                || code > 0x10FFFF)
            {
                throw Bad($"an escape \\{c} needs {digits} hexadecimal digits");
            }

            _position += digits;
            text.Append(
                code is >= 0xD800 and <= 0xDFFF ? ((char)code).ToString() : char.ConvertFromUtf32((int)code));
            return;
        }
        var plain = "\\'\"nrtbfav0".IndexOf(c);
        if (plain >= 0)
            text.Append("\\'\"\n\r\t\b\f\a\v\0"[plain]);
        else if (c != '\n')
            text.Append('\\').Append(c);
    }

    void SkipSpace()
    {
        var begin = _position;
        while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
            _position++;
        CountLines(begin, _position);
    }

    void CountLines(int from, int to)
    {
        for (var i = from; i < to; i++)
            _line += _source[i] == '\n' ? 1 : 0;
    }

    void AddText(string text)
    {
        if (text.Length > 0)
            Add(TokenKind.Text, text);
    }

    void Add(TokenKind kind, string text) => _tokens.Add(new TemplateToken(kind, text, _line));

    TemplateException Bad(string problem) => new($"chat template, line {_line}: {problem}");
}
