using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

/// <summary>A request's tools, and what it asks of the answer concerning them.</summary>
public sealed class ToolChoice
{
    readonly List<(string Name, JsonElement? Parameters)> _offered = [];

    /// <summary>OpenAI's array; undefined where there are none.</summary>
    public JsonElement Tools { get; private init; }

    /// <summary>Their names; none where no call is wanted.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>The one tool that must be called; null where there is a choice.</summary>
    public string? Forced { get; private init; }

    /// <summary>The shape of the call, where the answer must be one.</summary>
    public AnswerFormat? Format { get; private init; }

    /// <summary>Whether any of several tools must be called.</summary>
    public bool IsAnyForced => Format is not null && Forced is null;

    public static ToolChoice Read(JsonElement body)
    {
        var wanted = Wanted(body);
        var choice = new ToolChoice();
        if (body.Array("tools") is not { } tools || tools.GetArrayLength() == 0)
        {
            return wanted is null ? choice : throw ApiException.Bad(
                "'tool_choice' is only allowed when 'tools' are specified.", "tool_choice", "invalid_value");
        }
        var names = new List<string>();
        foreach (var tool in tools.EnumerateArray())
        {
            if (tool.ValueKind != JsonValueKind.Object || tool.Required("type") != "function")
                throw ApiException.Bad("tools: expected functions only", "tools", "invalid_value");
            var function = tool.Object("function") ?? tool;
            names.Add(function.Required("name"));
            if (wanted is "" || wanted == names[^1])
                choice._offered.Add((names[^1], function.Object("parameters")));
        }
        if (wanted is not null && choice._offered.Count == 0)
            throw ApiException.Bad($"tool_choice: there is no tool {wanted}", "tool_choice", "invalid_value");
        return new ToolChoice
        {
            Tools = tools,
            Names = body.Has("tool_choice", out var given) && given.ValueKind == JsonValueKind.String
                && given.GetString() == "none" ? [] : names,
            Forced = choice._offered.Count == 1 ? choice._offered[0].Name : null,
            Format = choice._offered.Count switch
            {
                0 => null,
                1 => new AnswerFormat(choice._offered[0].Parameters?.GetRawText(), null, "tools"),
                _ => new AnswerFormat(choice.AnyCall().ToJsonString(), null, "tools"),
            },
        };
    }

    /// <summary>The tool that must be called, "" for any of them, null where none must.</summary>
    static string? Wanted(JsonElement body)
    {
        if (!body.Has("tool_choice", out var choice))
            return null;
        if (choice.ValueKind == JsonValueKind.Object)
            return (choice.Object("function") ?? choice).Required("name");
        return body.Text("tool_choice") switch
        {
            "required" => "",
            "auto" or "none" => null,
            var other => throw ApiException.Bad(
                $"Invalid value: '{other}'. Supported values are: 'none', 'auto', 'required', and a tool.",
                "tool_choice", "invalid_value"),
        };
    }

    /// <summary>A schema of a call of any of the tools.</summary>
    JsonObject AnyCall()
    {
        var calls = new JsonArray();
        foreach (var (name, parameters) in _offered)
        {
            var arguments = parameters is { } given ? JsonObject.Create(given)! : new JsonObject
            {
                ["type"] = "object",
            };
            Move(arguments, $"#/anyOf/{calls.Count}/properties/arguments");
            calls.Add(new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["name"] = new JsonObject { ["const"] = name },
                    ["arguments"] = arguments,
                },
                ["required"] = new JsonArray("name", "arguments"),
                ["additionalProperties"] = false,
            });
        }
        return new JsonObject { ["anyOf"] = calls };
    }

    /// <summary>A schema's references to itself, once it stands elsewhere.</summary>
    static void Move(JsonNode? node, string place)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
                Move(item, place);
        }
        if (node is not JsonObject schema)
            return;
        foreach (var (_, value) in schema)
            Move(value, place);
        if (schema["$ref"] is JsonValue reference && reference.TryGetValue<string>(out var target)
            && target.StartsWith('#'))
        {
            schema["$ref"] = place + target[1..];
        }
    }
}
