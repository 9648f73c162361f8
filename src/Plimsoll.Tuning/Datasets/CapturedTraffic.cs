using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Nodes;
using Plimsoll.Core;
using Plimsoll.Inputs.Files;

namespace Plimsoll.Tuning.Datasets;

/// <summary>
/// Captured chat traffic, one exchange a line: <c>request</c> and <c>response</c> as OpenAI's API has them,
/// and the <c>tenant</c>. Exchanges that failed or were cut short teach nothing and are left out.
/// </summary>
public static class CapturedTraffic
{
    /// <param name="tenant">Only this one's; null: everyone's.</param>
    /// <param name="model">Only what this model or release answered: a task under rollout has several
    /// answerers, and a tenant several tasks. Null: all.</param>
    public static IEnumerable<TrainingRecord> Read(string path, string? tenant, string? model = null)
    {
        foreach (var (number, line) in Utf8Lines.Read(
            path, RecordReader.MostLineBytes, "captured traffic, one exchange a line"))
        {
            if (line.Length == 0)
                continue;
            var at = $"{path}:{number}";
            if (Exchange(line, at) is not { } exchange)
                throw new BadInputException($"{at}: expected an object with request and response");
            if ((tenant is not null && exchange["tenant"]?.ToString() != tenant)
                || (model is not null && exchange["request"]?["model"]?.ToString() != model))
            {
                continue;
            }
            if (exchange["response"]?["choices"] is not JsonArray { Count: > 0 } choices
                || choices[0]?["finish_reason"]?.ToString() != "stop"
                    || choices[0]!["message"] is not { } answer
                || exchange["request"]?["messages"] is not JsonArray messages)
            {
                continue;
            }
            var joined = new JsonArray([.. Clones(messages), answer.DeepClone()]);
            var record = new JsonObject { ["messages"] = joined };
            if (exchange["request"]!["tools"] is { } tools)
                record["tools"] = tools.DeepClone();
            // One user's conversations lie on one side of a split.
            if (exchange["request"]!["user"] is { } user)
                record["group"] = user.ToString();
            yield return RecordReader.Parse(record.ToJsonString(), at);
        }
    }

    static JsonObject? Exchange(string line, string at)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new BadInputException(
                $"{at}: malformed JSON at byte {e.BytePositionInLine + 1}; expected one exchange a line");
        }
    }

    static IEnumerable<JsonNode?> Clones(JsonArray nodes)
    {
        foreach (var node in nodes)
            yield return node?.DeepClone();
    }
}
