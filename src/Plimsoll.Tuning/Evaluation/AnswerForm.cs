using System;
using System.Collections.Generic;
using System.Text.Json;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// Checks of an answer's form for <see cref="Gates.Format"/>: null when it is right, else what is wrong.
/// </summary>
public static class AnswerForm
{
    public static Func<string, string?> OneOf(IReadOnlySet<string> labels) =>
        answer => labels.Contains(answer.Trim()) ? null : "which is no label of the set";

    /// <summary>
    /// A JSON object with these keys, each of the given kind (string, number, boolean, object, array).
    /// </summary>
    public static Func<string, string?> JsonObject(IReadOnlyDictionary<string, string> required) => answer =>
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return "which is no JSON object";
            foreach (var (key, kind) in required)
            {
                if (!document.RootElement.TryGetProperty(key, out var value))
                    return $"which has no {key}";
                if (KindOf(value) != kind)
                    return $"whose {key} is no {kind}";
            }
            return null;
        }
        catch (JsonException)
        {
            return "which is no JSON";
        }
    };

    static string KindOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        var kind => kind.ToString().ToLowerInvariant(),
    };
}
