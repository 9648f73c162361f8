using System;
using System.Collections.Generic;

namespace Plimsoll.Core;

/// <summary>
/// Everything that one thing can be, by name. Written once, where the thing is defined; parsers, help,
/// completion and messages read it.
/// </summary>
public sealed class Choices<T>
{
    readonly (string Name, T Value)[] _choices;

    public Choices(params (string Name, T Value)[] choices)
    {
        _choices = choices;
        Names = Array.ConvertAll(choices, choice => choice.Name);
    }

    public IReadOnlyList<string> Names { get; }

    public string NameOf(T value)
    {
        foreach (var (name, candidate) in _choices)
        {
            if (EqualityComparer<T>.Default.Equals(candidate, value))
            {
                return name;
            }
        }
        throw new ArgumentOutOfRangeException(nameof(value), value, null);
    }

    /// <summary>The choice of that name; case does not matter.</summary>
    public bool TryFind(string? name, out T value)
    {
        foreach (var (candidate, found) in _choices)
        {
            if (string.Equals(candidate, name, StringComparison.OrdinalIgnoreCase))
            {
                value = found;
                return true;
            }
        }
        value = default!;
        return false;
    }

    /// <summary>The names in a sentence: <c>a, b or c</c>.</summary>
    public override string ToString() => _choices.Length < 2
        ? string.Join(", ", Names)
        : string.Join(", ", Array.ConvertAll(_choices[..^1], choice => choice.Name))
            + " or " + _choices[^1].Name;
}
