using System;
using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Reads training records line by line: OpenAI's chat and preference JSONL, prompt/completion pairs,
/// plain texts. Each line may be of any of these kinds. A wrong line is refused with its number and
/// what was expected.
/// </summary>
public static class RecordReader
{
    /// <summary>Of a line: a thousand times what a model's context holds.</summary>
    public const int MostLineBytes = 16 << 20;

    /// <exception cref="BadInputException">At the first line that is wrong.</exception>
    public static IEnumerable<TrainingRecord> ReadJsonl(string path)
    {
        var records = 0;
        foreach (var (number, line) in Utf8Lines.Read(path, MostLineBytes, "one JSON record a line"))
        {
            if (string.IsNullOrWhiteSpace(line))
                continue;
            records++;
            yield return Parse(line, $"{path}:{number}");
        }
        if (records == 0)
            throw new BadInputException($"{path}: empty; expected one JSON record a line");
    }

    /// <param name="at">Where the line stands, for the message.</param>
    public static TrainingRecord Parse(string line, string at)
    {
        JsonObject root;
        try
        {
            root = JsonNode.Parse(line) as JsonObject ?? throw new BadInputException($"{at}: no JSON object");
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{at}: malformed JSON at byte {e.BytePositionInLine + 1}; expected one JSON record a line");
        }
        catch (ArgumentException)
        {
            throw new BadInputException($"{at}: a key twice; expected one JSON record a line");
        }
        try
        {
            return Record(root, at);
        }
        catch (InvalidOperationException)
        {
            throw new BadInputException($"{at}: a value of the wrong kind; expected "
                + "OpenAI's fine-tuning format");
        }
    }

    static TrainingRecord Record(JsonObject root, string at)
    {
        var record = root switch
        {
            _ when root["messages"] is JsonArray messages =>
                new TrainingRecord { Messages = Messages(messages, at) },
            _ when root["input"] is JsonObject input => Preference(root, input, at),
            _ when root["prompt"] is JsonValue prompt => Pair(
                prompt.GetValue<string>(), Text(root, "completion", at), at),
            _ when root["text"] is JsonValue text =>
                new TrainingRecord { Text = NotEmpty(text.GetValue<string>(), "text", at) },
            _ => throw new BadInputException($"{at}: expected messages, input with preferred_output, prompt "
                + "with completion, or text"),
        };
        record = record with
        {
            Tools = (root["tools"] as JsonArray)?.DeepClone() as JsonArray,
            Group = root["group"] is JsonValue group ? group.ToString() : null,
        };
        RolesInOrder(record, at);
        return record;
    }

    public static TrainingRecord Pair(string prompt, string completion, string at) => new()
    {
        Messages = [new("user", NotEmpty(prompt, "prompt", at)),
            new("assistant", NotEmpty(completion, "completion", at))],
    };

    static TrainingRecord Preference(JsonObject root, JsonObject input, string at)
    {
        if (input["messages"] is not JsonArray messages)
            throw new BadInputException($"{at}: input has no messages");
        return new TrainingRecord
        {
            Messages = Messages(messages, at),
            Chosen = Only(root, "preferred_output", at),
            Rejected = Only(root, "non_preferred_output", at),
        };
    }

    static ChatMessage Only(JsonObject root, string key, string at)
    {
        var messages = root[key] is JsonArray array ? Messages(array, at) : [];
        if (messages is not [{ Role: "assistant" } answer])
            throw new BadInputException($"{at}: {key} must be one assistant message");
        return answer;
    }

    static List<ChatMessage> Messages(JsonArray array, string at)
    {
        var messages = new List<ChatMessage>();
        foreach (var node in array)
        {
            if (node is not JsonObject message)
                throw new BadInputException($"{at}: message {messages.Count + 1} is no object");
            var role = Text(message, "role", at);
            if (role == "developer")
                role = "system";
            var calls = message["tool_calls"] as JsonArray;
            var content = Content(message["content"], messages.Count + 1, at);
            if (role == "assistant" && calls is null)
                NotEmpty(content, "an assistant's content", at);
            int? weight = message["weight"] is { } written ? Weight(written, at) : null;
            messages.Add(new ChatMessage(
                role, content, calls?.DeepClone() as JsonArray, message["tool_call_id"]?.GetValue<string>(),
                    weight));
        }
        return messages;
    }

    static int Weight(JsonNode written, string at) => written.ToJsonString() switch
    {
        "0" or "0.0" => 0,
        "1" or "1.0" => 1,
        var other => throw new BadInputException($"{at}: weight {other}; expected 0 or 1"),
    };

    // OpenAI writes content as a string or as parts of text.
    static string Content(JsonNode? content, int number, string at)
    {
        if (content is null)
            return "";
        if (content is JsonValue value)
            return value.GetValue<string>();
        var text = "";
        foreach (var part in content.AsArray())
        {
            if (part?["type"]?.GetValue<string>() != "text")
                throw new BadInputException($"{at}: message {number} has a part that is no text");
            text += part["text"]!.GetValue<string>();
        }
        return text;
    }

    static void RolesInOrder(TrainingRecord record, string at)
    {
        if (record.Text is not null)
            return;
        var expectsAnswer = false;
        var trained = record.IsPreference;
        for (var i = 0; i < record.Messages.Count; i++)
        {
            var role = record.Messages[i].Role;
            var fits = role switch
            {
                "system" => i == 0,
                "user" => true,
                "assistant" => expectsAnswer,
                "tool" => i > 0 && (record.Messages[i - 1].ToolCalls is not null
                    || record.Messages[i - 1].Role == "tool"),
                _ => throw new BadInputException($"{at}: role '{role}'; expected "
                    + "system, user, assistant or tool"),
            };
            if (!fits)
                throw new BadInputException($"{at}: message {i + 1} is of role {role}, out of order");
            expectsAnswer = role is "user" or "tool";
            trained |= record.Messages[i].IsTrained;
        }
        if (record.IsPreference != expectsAnswer)
        {
            throw new BadInputException($"{at}: the last message must be "
                + $"{(record.IsPreference ? "the user's" : "the assistant's")}");
        }
        if (!trained)
            throw new BadInputException($"{at}: every assistant message has weight 0; nothing to learn from");
    }

    static string Text(JsonObject root, string key, string at) =>
        root[key] is JsonValue value ? value.GetValue<string>()
            : throw new BadInputException($"{at}: no {key}");

    static string NotEmpty(string text, string what, string at) =>
        string.IsNullOrWhiteSpace(text) ? throw new BadInputException($"{at}: {what} is empty") : text;
}
