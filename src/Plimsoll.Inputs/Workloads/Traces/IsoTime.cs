using System;

namespace Plimsoll.Inputs.Workloads.Traces;

/// <summary>
/// Dates as traces write them: <c>2023-11-16 18:15:46.6805900</c>, with a blank or a T, with no fraction or
/// one of up to nine digits, with <c>Z</c>, an offset or neither (then UTC).
/// </summary>
static class IsoTime
{
    /// <summary>Nanoseconds since 1970 UTC; false when the text is no such date.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long unixNs)
    {
        unixNs = 0;
        text = text.Trim();
        if (text.Length < 19 || text[4] != '-' || text[7] != '-' || (text[10] != ' ' && text[10] != 'T')
            || text[13] != ':' || text[16] != ':')
        {
            return false;
        }
        if (!Digits(text[..4], out var year) || !Digits(text[5..7], out var month)
            || !Digits(text[8..10], out var day) || !Digits(text[11..13], out var hour)
            || !Digits(text[14..16], out var minute) || !Digits(text[17..19], out var second))
        {
            return false;
        }
        if (year is < 1970 or > 2199 || month is < 1 or > 12 || day < 1
            || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }
        var ticks = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc).Ticks;
        unixNs = (ticks - DateTime.UnixEpoch.Ticks) * 100;
        text = text[19..];
        return Fraction(ref text, ref unixNs) && Offset(text, ref unixNs);
    }

    static bool Fraction(ref ReadOnlySpan<char> text, ref long unixNs)
    {
        if (text.IsEmpty || text[0] != '.')
            return true;
        var digits = 1;
        long unit = 100_000_000, ns = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            ns += (text[digits] - '0') * unit;
            unit /= 10;
            digits++;
        }
        text = text[digits..];
        unixNs += ns;
        return digits > 1;
    }

    static bool Offset(ReadOnlySpan<char> text, ref long unixNs)
    {
        text = text.Trim();
        if (text.IsEmpty || text is "Z" or "z" or "UTC")
            return true;
        if (text[0] != '+' && text[0] != '-')
            return false;
        var minutes = 0;
        var hhmm = text.Length switch { 6 when text[3] == ':' => 4, 5 => 3, 3 => 0, _ => -1 };
        if (hhmm < 0 || !Digits(text[1..3], out var hours)
            || (hhmm > 0 && !Digits(text[hhmm..], out minutes)))
        {
            return false;
        }

        var offsetNs = ((hours * 60L) + minutes) * 60_000_000_000;
        unixNs -= text[0] == '+' ? offsetNs : -offsetNs;
        return hours <= 18 && minutes <= 59;
    }

    static bool Digits(ReadOnlySpan<char> text, out int value)
    {
        value = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c))
                return false;
            value = (10 * value) + (c - '0');
        }
        return true;
    }
}
