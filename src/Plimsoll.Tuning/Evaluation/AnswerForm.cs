using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Json.Schema;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// Checks of an answer's form for <see cref="Gates.Format"/>: null when it is right, else what is wrong.
/// </summary>
public static class AnswerForm
{
    static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);

    public static Func<string, string?> OneOf(IReadOnlySet<string> labels) =>
        answer => labels.Contains(answer.Trim()) ? null : "which is no label of the set";

    /// <summary>The whole answer is of a regular expression's form.</summary>
    /// <exception cref="BadInputException">No regular expression.</exception>
    public static Func<string, string?> Pattern(string pattern)
    {
        Regex whole;
        try
        {
            whole = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant, _patience);
        }
        catch (ArgumentException e)
        {
            throw new BadInputException($"pattern {pattern}: {e.Message.TrimEnd('.')}");
        }
        return answer =>
        {
            try
            {
                return whole.IsMatch(answer.Trim()) ? null : $"which is not of the form {pattern}";
            }
            catch (RegexMatchTimeoutException)
            {
                return $"at which {pattern} does not end";
            }
        };
    }

    /// <summary>JSON that a JSON schema holds valid.</summary>
    /// <exception cref="BadInputException">The file holds no schema.</exception>
    public static Func<string, string?> Schema(string path)
    {
        JsonSchema schema;
        try
        {
            schema = JsonSchema.FromText(File.ReadAllText(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new BadInputException(
                $"{path}: {e.Message.Split(" Path:")[0].TrimEnd('.')}; expected a JSON schema");
        }
        var options = new EvaluationOptions { OutputFormat = OutputFormat.List };
        return answer =>
        {
            try
            {
                using var document = JsonDocument.Parse(answer);
                var result = schema.Evaluate(document.RootElement, options);
                return result.IsValid ? null : $"which breaks the schema{Where(result)}";
            }
            catch (JsonException)
            {
                return "which is no JSON";
            }
        };
    }

    static string Where(EvaluationResults result)
    {
        foreach (var part in result.Details ?? [])
        {
            if (part.Errors is { Count: > 0 } errors)
                return $" at {part.InstanceLocation}: {errors.First().Value}";
        }
        return "";
    }
}
