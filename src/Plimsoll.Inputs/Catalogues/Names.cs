using System;
using System.Collections.Generic;
using System.Text;
using Plimsoll.Core;

namespace Plimsoll.Inputs.Catalogues;

/// <summary>How names are compared, and what is said when one is unknown.</summary>
public static class Names
{
    static readonly string[] Decorations = ["instruct", "chat", "hf", "it"];

    /// <summary>Letters and digits only, in lower case.</summary>
    public static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            if (char.IsAsciiLetterOrDigit(character))
                plain.Append(char.ToLowerInvariant(character));
        }
        return plain.ToString();
    }

    /// <summary>
    /// A model's name without its organisation, "Meta-" and what marks an instruction-tuned copy.
    /// </summary>
    public static string PlainModel(string name)
    {
        name = name[(name.LastIndexOf('/') + 1)..];
        if (name.StartsWith("meta-", StringComparison.OrdinalIgnoreCase))
            name = name["meta-".Length..];
        var parts = new List<string>(name.Split('-', StringSplitOptions.RemoveEmptyEntries));
        while (parts.Count > 1 && Array.IndexOf(Decorations, parts[^1].ToLowerInvariant()) >= 0)
            parts.RemoveAt(parts.Count - 1);
        return Plain(string.Concat(parts));
    }

    public static BadInputException Unknown<T>(
        Setting what, string name, IReadOnlyList<T> known, Func<T, string> nameOf, string list)
    {
        var nearest = new List<(int Distance, string Name)>();
        var wanted = Plain(name);
        foreach (var item in known)
        {
            var plain = Plain(nameOf(item));
            // Who has begun to write a name has usually begun it right.
            nearest.Add((Distance(wanted, plain) - wanted.AsSpan().CommonPrefixLength(plain), nameOf(item)));
        }
        nearest.Sort((a, b) => a.Distance != b.Distance
            ? a.Distance.CompareTo(b.Distance)
            : string.CompareOrdinal(a.Name, b.Name));
        var suggestions = new List<string>();
        for (var i = 0; i < Math.Min(3, nearest.Count); i++)
            suggestions.Add(nearest[i].Name);
        return new BadInputException($"{what} {name}", "unknown",
            $"one of `plimsoll catalogue {list}`, nearest: {string.Join(", ", suggestions)}");
    }

    /// <summary>Edits between two names (Levenshtein).</summary>
    static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
            row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, 1 + Math.Min(row[j], row[j - 1]));
            }
        }
        return row[b.Length];
    }
}
