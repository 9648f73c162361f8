using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using System.Text;

namespace Plimsoll.Cli;

/// <summary>
/// <c>docs/reference/cli.md</c>, written from the commands themselves; a test fails when the file is stale.
/// </summary>
public static class CliReference
{
    const string ExitCodes = """
        | exit code | meaning |
        |---|---|
        | 0 | done |
        | 1 | the promise cannot be kept, or a check failed |
        | 2 | bad usage, bad input, or a file that cannot be read or written: one line on stderr says which |
        | 3 | a defect: please report the line and the command |

        """;

    public static string Of(RootCommand root)
    {
        var text = new StringBuilder(
            "# Command line\n\nGenerated from the commands; `make docs` writes it again.\n\n" + ExitCodes);
        foreach (var command in root.Subcommands)
            Append(text, command, "plimsoll");
        return text.ToString();
    }

    static void Append(StringBuilder text, Command command, string path)
    {
        path = $"{path} {command.Name}";
        text.Append($"\n## `{path}");
        foreach (var argument in command.Arguments)
        {
            text.Append(
                argument.Arity.MinimumNumberOfValues == 0 ? $" [{argument.Name}]" : $" {argument.Name}");
        }

        text.Append($"`\n\n{command.Description}\n");
        var options = new List<Option>();
        foreach (var option in command.Options)
        {
            if (!option.Hidden && option.Name is not ("--help" or "--version"))
                options.Add(option);
        }
        if (options.Count > 0)
            text.Append("\n| option | meaning | default |\n|---|---|---|\n");
        foreach (var option in options)
            text.Append($"| {Names(option)} | {Cell(option.Description)} | {Default(option)} |\n");
        foreach (var child in command.Subcommands)
            Append(text, child, path);
    }

    static string Names(Option option) =>
        string.Join(", ", new[] { option.Name }.Concat(option.Aliases).Select(name => $"`{name}`"));

    static string Cell(string? description)
    {
        var text = description ?? "";
        var bracket = text.LastIndexOf(" [default:", StringComparison.Ordinal);
        return (bracket < 0 ? text : text[..bracket]).Replace("|", "\\|");
    }

    static string Default(Option option)
    {
        var text = option.Description ?? "";
        var bracket = text.LastIndexOf("[default: ", StringComparison.Ordinal);
        if (bracket >= 0)
            return text[(bracket + "[default: ".Length)..].TrimEnd(']');
        if (!option.HasDefaultValue || option.ValueType == typeof(bool))
            return "";
        var usual = option.GetDefaultValue();
        return FormattableString.Invariant($"`{(usual is string[] all ? string.Join(',', all) : usual)}`");
    }
}
