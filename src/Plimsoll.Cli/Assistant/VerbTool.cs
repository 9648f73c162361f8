using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using Argument = System.CommandLine.Argument;

namespace Plimsoll.Cli.Assistant;

/// <summary>
/// One verb as a tool of the Model Context Protocol: its options are the tool's arguments, its
/// <c>--json</c> is the tool's result. What would write a file is not among the arguments, so an assistant
/// can read and nothing else.
/// </summary>
sealed class VerbTool
{
    const string Json = "--json";

    readonly string[] _path;
    readonly Command _command;

    /// <param name="path">The verb's words: <c>trace describe</c>.</param>
    /// <param name="root">All verbs.</param>
    public VerbTool(string path, Command root)
    {
        _path = path.Split(' ');
        _command = root;
        foreach (var word in _path)
            _command = Child(_command, word);
    }

    public string Name => string.Join('_', _path);

    public Tool Describe() => new()
    {
        Name = Name,
        Description = _command.Description,
        InputSchema = JsonSerializer.SerializeToElement(InputSchema(), AssistantJson.Default.JsonObject),
        OutputSchema = PublishedSchema.Of(_path[0]),
        Annotations =
            new ToolAnnotations { ReadOnlyHint = true, DestructiveHint = false, OpenWorldHint = false },
    };

    /// <summary>
    /// Runs the verb as the command line would; a refusal is the tool's error, in the same one line.
    /// </summary>
    public CallToolResult Call(IReadOnlyDictionary<string, JsonElement> arguments)
    {
        using var output = new StringWriter();
        using var story = new StringWriter();
        if (!Words(arguments, out var words, out var problem))
            return Refused(problem);
        var code = CommandLine.Run([.. words], output, story);
        var text = output.ToString();
        if (code == CommandLine.BadInput || text.Length == 0)
            return Refused(story.ToString().TrimEnd('\n'));
        using var document = JsonDocument.Parse(text);
        return new CallToolResult
        {
            Content = [new TextContentBlock { Text = text }],
            StructuredContent =
                document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null,
        };
    }

    static CallToolResult Refused(string line) =>
        new() { IsError = true, Content = [new TextContentBlock { Text = line }] };

    bool Words(IReadOnlyDictionary<string, JsonElement> arguments, out List<string> words, out string problem)
    {
        words = [.. _path];
        problem = "";
        var positional = new List<string>();
        foreach (var (name, value) in arguments)
        {
            var option = Find(name);
            var argument = option is null ? FindArgument(name) : null;
            if (option is null && argument is null)
            {
                problem = $"plimsoll: {Name} has no argument {name}; expected {string.Join(", ", Names())}";
                return false;
            }
            foreach (var item in value.ValueKind == JsonValueKind.Array
                ? [.. value.EnumerateArray()] : new[] { value })
            {
                if (item.ValueKind == JsonValueKind.False || item.ValueKind == JsonValueKind.Null)
                    continue;
                var text = item.ValueKind == JsonValueKind.String ? item.GetString()! : item.GetRawText();
                // NAME=VALUE in one word, so that a value may begin with a dash and is never
                // taken for an option.
                if (option is null)
                    positional.Add(text);
                else
                    words.Add(item.ValueKind == JsonValueKind.True ? option.Name : $"{option.Name}={text}");
            }
        }
        // Behind two dashes nothing is an option: what an assistant asks about writes no file.
        words.AddRange([Json, "--", .. positional]);
        return true;
    }

    JsonObject InputSchema()
    {
        var properties = new JsonObject();
        var required = new JsonArray();
        foreach (var argument in _command.Arguments)
        {
            properties[argument.Name] = Property(argument.ValueType, argument.Description);
            if (argument.Arity.MinimumNumberOfValues > 0)
                required.Add(argument.Name);
        }
        foreach (var option in _command.Options)
        {
            if (IsOffered(option))
                properties[KeyOf(option)] = Property(option.ValueType, option.Description);
        }
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = required,
            ["additionalProperties"] = false,
        };
    }

    static JsonObject Property(Type type, string? description)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var property = type.IsArray
            ? new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } }
            : new JsonObject { ["type"] = NameOf(type) };
        if (description is not null)
            property["description"] = description;
        return property;
    }

    static string NameOf(Type type) => type == typeof(bool) ? "boolean"
        : type == typeof(double) ? "number"
        : type == typeof(int) || type == typeof(long) || type == typeof(ulong) ? "integer"
        : "string";

    /// <summary>Files and folders that an option names are there to be written.</summary>
    static bool IsOffered(Option option) =>
        !option.Hidden && option.Name is not (Json or "--help" or "--version")
        && !typeof(FileSystemInfo).IsAssignableFrom(option.ValueType);

    static string KeyOf(Option option) => option.Name.TrimStart('-').Replace('-', '_');

    Option? Find(string key)
    {
        foreach (var option in _command.Options)
        {
            if (IsOffered(option) && KeyOf(option) == key)
                return option;
        }
        return null;
    }

    Argument? FindArgument(string name)
    {
        foreach (var argument in _command.Arguments)
        {
            if (argument.Name == name)
                return argument;
        }
        return null;
    }

    IEnumerable<string> Names()
    {
        foreach (var argument in _command.Arguments)
            yield return argument.Name;
        foreach (var option in _command.Options)
        {
            if (IsOffered(option))
                yield return KeyOf(option);
        }
    }

    static Command Child(Command parent, string name)
    {
        foreach (var child in parent.Subcommands)
        {
            if (child.Name == name)
                return child;
        }
        throw new ArgumentException($"there is no verb {name}", nameof(name));
    }
}
