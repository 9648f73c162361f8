using System;
using System.Collections.Generic;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Plimsoll.Core;

/// <summary>
/// A part of a message that may speak of settings: <c>$"{Setting.TensorParallel} {degree}"</c> is said as
/// <c>tensor parallel degree 3</c> where nobody has another word for it, and with its flag on the command
/// line. Numbers are written invariantly.
/// </summary>
[InterpolatedStringHandler]
public readonly struct BadInputText
{
    readonly List<(string Text, Setting? Setting)> _parts;

    /// <summary>Called by the compiler for an interpolated string.</summary>
    public BadInputText(int literalLength, int formattedCount)
    {
        _parts = new List<(string, Setting?)>((2 * formattedCount) + 1);
    }

    public static implicit operator BadInputText(string text)
    {
        var said = new BadInputText(text.Length, 0);
        said.AppendLiteral(text);
        return said;
    }

    /// <summary>Without settings, in their plain names.</summary>
    public override string ToString() => Say(Settings.Name);

    /// <summary>The text with settings in somebody's own words.</summary>
    public string Say(Func<Setting, string> word)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            text.Append(part.Setting is { } setting ? word(setting) : part.Text);
        }
        return text.ToString();
    }

    public void AppendLiteral(string text) => _parts.Add((OneLine(text), null));

    public void AppendFormatted(Setting setting) => _parts.Add(("", setting));

    public void AppendFormatted(BadInputText text) => _parts.AddRange(text._parts);

    public void AppendFormatted<T>(T value, string? format = null) => AppendLiteral(
        value is IFormattable number ? number.ToString(format, CultureInfo.InvariantCulture) : $"{value}");

    /// <summary>
    /// A message may quote a file, and a file may hold anything: line ends and what would steer a terminal
    /// become a space.
    /// </summary>
    static string OneLine(string text)
    {
        var line = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            if (!char.IsControl(character) && character is not ('\u2028' or '\u2029'))
                line.Append(character);
            else if (line.Length == 0 || line[^1] != ' ')
                line.Append(' ');
        }
        return line.ToString();
    }
}
