using System;
using System.Globalization;

namespace Plimsoll.Core.Hardware;

/// <summary>A release of an engine, as <c>0.15.1</c>; what follows the third number does not order.</summary>
public readonly record struct EngineRelease(int Major, int Minor, int Patch) : IComparable<EngineRelease>
{
    /// <summary>The release of that text; null for none and for a text that names no release.</summary>
    public static EngineRelease? Parse(string? text)
    {
        var parts = text?.Split('.');
        if (parts is null || parts.Length < 2 || !TryParse(parts[0], out var major)
            || !TryParse(parts[1], out var minor))
        {
            return null;
        }
        var patch = parts.Length > 2 && TryParse(parts[2], out var known) ? known : 0;
        return new EngineRelease(major, minor, patch);
    }

    public int CompareTo(EngineRelease other) =>
        (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));

    static bool TryParse(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
