using System;
using System.Text.Json;
using System.Text.RegularExpressions;
using Plimsoll.Inputs.Measured;
using Plimsoll.Server.Configuration;

namespace Plimsoll.Server.Cascade;

/// <summary>
/// Whether the small model's answer will do. Judges what came, whole, and nothing else: what it refuses, what
/// it was unsure of, what was cut off by its own length, what should have been JSON and is none.
/// </summary>
public sealed class CascadeRule(EscalationConfig config)
{
    readonly Regex? _refusal = config.Refusal.Length == 0 ? null : Pattern(config.Refusal);

    /// <summary>A refusal's pattern; matched in time that grows with the text and no faster. Throws
    /// <see cref="ArgumentException"/> or <see cref="NotSupportedException"/> for what is none.</summary>
    public static Regex Pattern(string text) => new(
        text, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    /// <summary>Whether the answer's logprobs have to be asked for.</summary>
    public bool NeedsLogprobs => config.MeanLogprobBelow is not null;

    /// <summary>Why the large model is to be asked; null where the answer will do.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="answer">A chat's or a completion's whole answer.</param>
    public string? WhyNot(JsonElement request, JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("choices", out var choices)
            || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
        {
            return "no_answer";
        }
        foreach (var choice in choices.EnumerateArray())
        {
            if (WhyNotChoice(request, choice) is { } reason)
                return reason;
        }
        return null;
    }

    string? WhyNotChoice(JsonElement request, JsonElement choice)
    {
        var finish = choice.Text("finish_reason");
        if (finish == "content_filter")
            return "refused";
        if (config.WhenCut && finish == "length" && !HasLimit(request))
            return "cut";
        var message = choice.TryGetProperty("message", out var chat) ? chat : choice;
        if (message.Text("refusal") is { Length: > 0 })
            return "refused";
        var text = message.Text("content") ?? message.Text("text") ?? "";
        if (text.Length == 0 && !message.TryGetProperty("tool_calls", out _))
            return "empty";
        if (_refusal?.IsMatch(text) == true)
            return "refused";
        if (config.WhenNotJson && WantsJson(request) && !IsJson(text))
            return "not_json";
        if (config.MeanLogprobBelow is not { } least)
            return null;
        // What is not known is not confidence.
        return MeanLogprob(choice) is { } mean && mean >= least ? null : "unsure";
    }

    static bool HasLimit(JsonElement request) =>
        request.TryGetProperty("max_completion_tokens", out _) || request.TryGetProperty("max_tokens", out _);

    static bool WantsJson(JsonElement request) =>
        request.TryGetProperty("response_format", out var format)
        && format.Text("type") is "json_object" or "json_schema";

    static bool IsJson(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Mean over the answer's tokens; null where the engine tells none.</summary>
    static double? MeanLogprob(JsonElement choice)
    {
        if (!choice.TryGetProperty("logprobs", out var logprobs)
            || logprobs.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        var isChat = logprobs.TryGetProperty("content", out var tokens);
        if (!isChat && !logprobs.TryGetProperty("token_logprobs", out tokens))
            return null;
        if (tokens.ValueKind != JsonValueKind.Array || tokens.GetArrayLength() == 0)
            return null;
        var sum = 0.0;
        foreach (var token in tokens.EnumerateArray())
        {
            var value = token;
            if (isChat
                && (token.ValueKind != JsonValueKind.Object || !token.TryGetProperty("logprob", out value)))
            {
                return null;
            }
            // A completion's first echoed token has none.
            if (value.ValueKind == JsonValueKind.Number)
                sum += value.GetDouble();
        }
        return sum / tokens.GetArrayLength();
    }
}
