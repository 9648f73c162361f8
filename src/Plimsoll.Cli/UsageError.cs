using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Plimsoll.Cli;

/// <summary>What is wrong with a command line, in one line that names no type of the program.</summary>
static class UsageError
{
    /// <summary>Null where nothing is wrong.</summary>
    public static string? OfAny(ParseResult parsed) =>
        parsed.Errors.Count > 0 ? Of(parsed) : OfGroupedDigits(parsed);

    /// <param name="parsed">A command line with at least one error.</param>
    public static string Of(ParseResult parsed)
    {
        foreach (var error in parsed.Errors)
        {
            if (error.SymbolResult is OptionResult { Option: var option, Tokens: [var token] }
                && KindOf(option) is { } kind)
            {
                return $"{option.Name} {token.Value}: expected {kind}";
            }
        }
        if (parsed.CommandResult.Command is { Subcommands.Count: > 0, Action: null } command)
        {
            var wrong = parsed.UnmatchedTokens is [var word, ..]
                ? $"{word}: no such verb" : $"{command.Name}: a verb is missing";
            return $"{wrong}; expected {string.Join(", ", Verbs(command))}";
        }
        return $"{parsed.Errors[0].Message.TrimEnd('.')} (see plimsoll --help)";
    }

    /// <summary>
    /// A number written with a comma, which .NET reads as if it were not there: 1,5 as 15. Null
    /// when there is none.
    /// </summary>
    static string? OfGroupedDigits(ParseResult parsed)
    {
        foreach (var result in parsed.CommandResult.Children)
        {
            if (result is OptionResult { Option: var option, Tokens: [{ Value: var value }] }
                && KindOf(option) is { } kind && value.Contains(','))
            {
                return $"{option.Name} {value}: expected {kind}, with a point where it has a fraction";
            }
        }
        return null;
    }

    static string? KindOf(Option option)
    {
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return type == typeof(double) ? "a number"
            : type == typeof(ulong) ? "a whole number of at least 0"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : null;
    }

    static IEnumerable<string> Verbs(Command root)
    {
        foreach (var command in root.Subcommands)
            yield return command.Name;
    }
}
