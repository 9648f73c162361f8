using System;
using System.Linq;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Plimsoll.Inputs.Catalogues;
using Shouldly;

namespace Plimsoll.EndToEnd.Tests;

/// <summary>The flags of a file that is emitted, held against <c>data/engine-flags.csv</c>.</summary>
static partial class EmittedFlags
{
    public static void ShouldBeListed(string text)
    {
        var lines = text.Split('\n').Where(line => !line.TrimStart().StartsWith('#')).ToList();
        for (var i = 0; i < lines.Count; i++)
        {
            var word = lines[i].Trim().TrimStart('-', ' ');
            if (lines[i].TrimStart().StartsWith("- '", StringComparison.Ordinal))
            {
                // A list of words: the value is the next one.
                var flag = word.Trim('\'');
                if (flag.StartsWith("--", StringComparison.Ordinal))
                    Check(flag, lines[i + 1].Trim().TrimStart('-', ' ').Trim('\''));
                continue;
            }
            foreach (Match found in InShell().Matches(lines[i]))
                Check(found.Groups[1].Value, found.Groups[2].Value.Trim(' ', '=', '\''));
        }
    }

    static void Check(string flag, string value)
    {
        var listed = EngineFlagCatalogue.All.Where(known => known.Name == flag).ToList();
        listed.ShouldNotBeEmpty($"{flag} is not in data/engine-flags.csv");
        listed.Exists(known => Fits(known.Value, value)).ShouldBeTrue($"{flag} {value}");
    }

    static bool Fits(string shape, string value) => shape switch
    {
        "none" => value.Length == 0 || value.StartsWith("--", StringComparison.Ordinal) || value is "\\",
        "integer" => int.TryParse(value, out _) || value == "\"${PORT:-8000}\"",
        "number" => double.TryParse(value, out _),
        "address" or "name" => value.Length > 0,
        "rank" => value.StartsWith("\"$", StringComparison.Ordinal),
        _ when shape.StartsWith("json:", StringComparison.Ordinal) => shape[5..].Split(' ').All(
            key => JsonNode.Parse(value)!.AsObject().ContainsKey(key)),
        _ => shape.Split('|').Contains(value),
    };

    [GeneratedRegex("""(?<=^|\s)(--[a-z0-9][a-z0-9-]*)((?:=|\s)(?!--|\\)(?:'[^']*'|"[^"]*"|\S+))?""")]
    private static partial Regex InShell();
}
