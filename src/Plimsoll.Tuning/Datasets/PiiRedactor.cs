using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Text.RegularExpressions;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Replaces personal data and secrets by numbered marks such as <c>[EMAIL_3]</c>. The same value gets the
/// same mark through a whole dataset, so that what depends on it stays learnable; the values lie in <see
/// cref="Values"/>, apart from the data, and <see cref="Restore"/> puts them back.
/// </summary>
public sealed partial class PiiRedactor
{
    readonly Dictionary<(PiiKind, string), string> _marks = [];
    readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
    readonly Dictionary<PiiKind, int> _counts = [];

    /// <summary>What each mark stands for.</summary>
    public IReadOnlyDictionary<string, string> Values => _values;

    /// <summary>Values found, by kind.</summary>
    public IReadOnlyDictionary<PiiKind, int> Counts => _counts;

    public string Redact(string text)
    {
        // What already looks like a mark is marked itself, or restoring would put someone's
        // value in its place.
        text = Marks().Replace(text, m => Mark(PiiKind.Key, m.Value));
        // Longer forms first: a card's digits must not be taken for a telephone number.
        text = Keys().Replace(text, m => Mark(PiiKind.Key, m.Value));
        text = Emails().Replace(text, m => Mark(PiiKind.Email, m.Value));
        text = Ibans().Replace(text, m => IsIban(m.Value) ? Mark(PiiKind.Iban, m.Value) : m.Value);
        text = Cards().Replace(text, m => IsCard(m.Value) ? Mark(PiiKind.Card, m.Value) : m.Value);
        text = Addresses().Replace(text, m => IPAddress.TryParse(m.Value, out _) ? Mark(PiiKind.Ip, m.Value)
            : m.Value);
        return Phones().Replace(text, m => IsPhone(m.Value) ? Mark(PiiKind.Phone, m.Value) : m.Value);
    }

    public static string Restore(string text, IReadOnlyDictionary<string, string> values) =>
        Marks().Replace(text, m => values.GetValueOrDefault(m.Value, m.Value));

    string Mark(PiiKind kind, string value)
    {
        if (_marks.TryGetValue((kind, value), out var known))
            return known;
        var number = _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
        var mark = $"[{kind.ToString().ToUpperInvariant()}_{number}]";
        _marks[(kind, value)] = mark;
        _values[mark] = value;
        return mark;
    }

    /// <summary>ISO 13616: the rearranged digits leave 1 when divided by 97.</summary>
    public static bool IsIban(string text)
    {
        var plain = text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant();
        if (plain.Length is < 15 or > 34)
            return false;
        var rest = 0;
        foreach (var c in plain[4..] + plain[..4])
            rest = char.IsAsciiDigit(c) ? (rest * 10 + (c - '0')) % 97 : (rest * 100 + (c - 'A' + 10)) % 97;
        return rest == 1;
    }

    /// <summary>ISO 7812: 13 to 19 digits with a Luhn sum that ends in 0.</summary>
    public static bool IsCard(string text)
    {
        var digits = text.Where(char.IsAsciiDigit).Select(c => c - '0').Reverse().ToList();
        var sum = digits.Select((d, i) => i % 2 == 0 ? d : d * 2 > 9 ? d * 2 - 9 : d * 2).Sum();
        return digits.Count is >= 13 and <= 19 && sum % 10 == 0 && digits.Distinct().Count() > 1;
    }

    // Numbers as people write them to be called: with a plus, a bracket or a leading zero, or in groups of 3,
    // 3 and 4.
    static bool IsPhone(string text) =>
        text.Count(char.IsAsciiDigit) is >= 8 and <= 15
        && (text[0] is '+' or '(' or '0' ? text.Any(c => !char.IsAsciiDigit(c)) : Groups().IsMatch(text))
        && !DateLike().IsMatch(text);

    [GeneratedRegex(
        @"\b(?:sk-[A-Za-z0-9_-]{20,}|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}"
        + @"|xox[abprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{30,}|AIza[0-9A-Za-z_-]{35}"
        + @"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"
        + @"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----", RegexOptions.NonBacktracking)]
    private static partial Regex Keys();

    [GeneratedRegex(@"[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,24}",
        RegexOptions.NonBacktracking)]
    private static partial Regex Emails();

    [GeneratedRegex(@"\b[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b",
        RegexOptions.NonBacktracking)]
    private static partial Regex Ibans();

    [GeneratedRegex(@"\b[0-9](?:[ -]?[0-9]){12,18}\b", RegexOptions.NonBacktracking)]
    private static partial Regex Cards();

    [GeneratedRegex(
        @"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\b(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,6}\b",
        RegexOptions.NonBacktracking)]
    private static partial Regex Addresses();

    [GeneratedRegex(@"\+?\(?[0-9]{1,4}\)?(?:[ .-]?\(?[0-9]{2,4}\)?){2,5}", RegexOptions.NonBacktracking)]
    private static partial Regex Phones();

    [GeneratedRegex(@"^[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}$", RegexOptions.NonBacktracking)]
    private static partial Regex Groups();

    [GeneratedRegex(@"^(?:[0-9]{4}[-.][0-9]{2}[-.][0-9]{2}|[0-9]{2}[-.][0-9]{2}[-.][0-9]{4})$",
        RegexOptions.NonBacktracking)]
    private static partial Regex DateLike();

    [GeneratedRegex(@"\[(?:EMAIL|IBAN|CARD|PHONE|IP|KEY)_[0-9]+\]", RegexOptions.NonBacktracking)]
    private static partial Regex Marks();
}
