using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Tokenization;

/// <summary>
/// Splits text into the words inside which a byte-level BPE merges. The three rules that dense Llama and
/// Qwen models use, by the names that GGUF gives them (<c>tokenizer.ggml.pre</c>). Written over runes:
/// .NET's regular expressions see letters beyond the first plane as surrogates, no letters at all, and
/// would split them otherwise.
/// </summary>
public sealed class PreTokenizer
{
    readonly bool _gpt2;
    readonly int _mostDigits;

    PreTokenizer(string name, bool gpt2, int mostDigits)
    {
        Name = name;
        _gpt2 = gpt2;
        _mostDigits = mostDigits;
    }

    /// <summary>As GGUF names it.</summary>
    public string Name { get; }

    public static PreTokenizer Gpt2 { get; } = new("gpt-2", gpt2: true, int.MaxValue);

    public static PreTokenizer LlamaBpe { get; } = new("llama-bpe", gpt2: false, 3);

    public static PreTokenizer Qwen2 { get; } = new("qwen2", gpt2: false, 1);

    public static PreTokenizer Named(string name) => name switch
    {
        "gpt-2" => Gpt2,
        "llama-bpe" or "llama3" or "llama-v3" => LlamaBpe,
        "qwen2" => Qwen2,
        _ => throw new BadInputException($"pre-tokenizer {name}: expected gpt-2, llama-bpe or qwen2"),
    };

    /// <summary>The words of a text in order; together they are the text.</summary>
    /// <param name="text">Well-formed UTF-16; a lone surrogate becomes U+FFFD.</param>
    public IEnumerable<string> Split(string text)
    {
        var runes = new List<Rune>(text.Length);
        foreach (var rune in text.EnumerateRunes())
            runes.Add(rune);
        var builder = new StringBuilder();
        for (var at = 0; at < runes.Count;)
        {
            var end = _gpt2 ? NextGpt2(runes, at) : NextLlama(runes, at);
            builder.Clear();
            for (var i = at; i < end; i++)
                builder.Append(runes[i].ToString());
            yield return builder.ToString();
            at = end;
        }
    }

    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    static int NextGpt2(List<Rune> text, int at)
    {
        var contraction = Contraction(text, at, ignoreCase: false);
        if (contraction > at)
            return contraction;
        var start = text[at].Value == ' ' && at + 1 < text.Count ? at + 1 : at;
        var kind = KindOf(text[start]);
        if (kind == Kind.Space)
            return Spaces(text, at);
        return Run(text, start, kind, int.MaxValue);
    }

    // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    // ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    int NextLlama(List<Rune> text, int at)
    {
        var contraction = Contraction(text, at, ignoreCase: true);
        if (contraction > at)
            return contraction;
        var kind = KindOf(text[at]);
        if (kind == Kind.Letter)
            return Run(text, at, kind, int.MaxValue);
        if (kind == Kind.Number)
            return Run(text, at, kind, _mostDigits);
        var lineEnd = IsLineEnd(text[at]);
        if (!lineEnd && at + 1 < text.Count && KindOf(text[at + 1]) == Kind.Letter)
            return Run(text, at + 1, Kind.Letter, int.MaxValue);
        var symbols = text[at].Value == ' ' ? at + 1 : at;
        if (symbols < text.Count && KindOf(text[symbols]) == Kind.Other)
        {
            var end = Run(text, symbols, Kind.Other, int.MaxValue);
            while (end < text.Count && IsLineEnd(text[end]))
                end++;
            return end;
        }
        var last = -1;
        for (var i = at; i < text.Count && KindOf(text[i]) == Kind.Space; i++)
        {
            if (IsLineEnd(text[i]))
                last = i;
        }
        return last >= 0 ? last + 1 : Spaces(text, at);
    }

    // \s+(?!\S)|\s+ : white space before a word leaves its last character to that word.
    static int Spaces(List<Rune> text, int at)
    {
        var end = Run(text, at, Kind.Space, int.MaxValue);
        return end < text.Count && end - at > 1 ? end - 1 : end;
    }

    static int Run(List<Rune> text, int at, Kind kind, int most)
    {
        var end = at;
        while (end < text.Count && end - at < most && KindOf(text[end]) == kind)
            end++;
        return end;
    }

    static int Contraction(List<Rune> text, int at, bool ignoreCase)
    {
        if (text[at].Value != '\'' || at + 1 >= text.Count)
            return at;
        var first = Lower(text[at + 1].Value, ignoreCase);
        if (first is 's' or 't' or 'm' or 'd' || (ignoreCase && first == 0x17f))
            return at + 2;
        if (at + 2 >= text.Count)
            return at;
        var second = Lower(text[at + 2].Value, ignoreCase);
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? at + 3 : at;
    }

    static int Lower(int value, bool ignoreCase) => ignoreCase && value is >= 'A' and <= 'Z' ? value + 32
        : value;

    static bool IsLineEnd(Rune rune) => rune.Value is '\r' or '\n';

    enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
    }

    static Kind KindOf(Rune rune)
    {
        if (Rune.IsWhiteSpace(rune))
            return Kind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
                or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
                or UnicodeCategory.OtherNumber => Kind.Number,
            _ => Kind.Other,
        };
    }
}
