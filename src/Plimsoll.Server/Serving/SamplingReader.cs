using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json;
using Plimsoll.Engine;

namespace Plimsoll.Server.Serving;

/// <summary>The sampling parameters of a request.</summary>
static class SamplingReader
{
    /// <param name="vocabulary">Tokens that there are.</param>
    public static SamplingOptions Read(JsonElement body, int vocabulary)
    {
        return new SamplingOptions
        {
            Temperature = body.Real("temperature", 0, 2) ?? 1,
            TopP = body.Real("top_p", 0, 1) ?? 1,
            TopK = body.Whole("top_k", -1, int.MaxValue) is > 0 and var k ? k : 0,
            MinP = body.Real("min_p", 0, 1) ?? 0,
            PresencePenalty = body.Real("presence_penalty", -2, 2) ?? 0,
            FrequencyPenalty = body.Real("frequency_penalty", -2, 2) ?? 0,
            RepetitionPenalty = body.Real("repetition_penalty", 0.01, 100) ?? 1,
            TypicalP = body.Real("typical_p", 0, 1) ?? 1,
            DryMultiplier = body.Real("dry_multiplier", 0, 100) ?? 0,
            DryBase = body.Real("dry_base", 1, 100) ?? SamplingOptions.Default.DryBase,
            DryAllowedLength =
                body.Whole("dry_allowed_length", 1, 1024) ?? SamplingOptions.Default.DryAllowedLength,
            Seed = Seed(body),
            LogitBias = Bias(body.Object("logit_bias"), vocabulary),
        };
    }

    static ulong? Seed(JsonElement body)
    {
        if (!body.Has("seed", out var given))
            return null;
        if (given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out var seed))
            return (ulong)seed;
        throw given.ValueKind == JsonValueKind.Number && given.GetRawText().AsSpan().IndexOfAny(".eE") < 0
            ? ApiException.Bad(
                $"Invalid 'seed': expected {long.MinValue} to {long.MaxValue}, but got "
                    + $"{given.GetRawText()}.", "seed")
            : JsonBody.Wrong("seed", given, "an integer");
    }

    static Dictionary<int, float>? Bias(JsonElement? bias, int vocabulary)
    {
        if (bias is not { } map)
            return null;
        var result = new Dictionary<int, float>();
        foreach (var entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var token)
                || entry.Value.ValueKind != JsonValueKind.Number
                || entry.Value.GetDouble() is not (>= -100 and <= 100))
            {
                throw ApiException.Bad(
                    "Invalid 'logit_bias': expected token ids with numbers from -100 to 100", "logit_bias");
            }
            if (token >= vocabulary)
            {
                throw ApiException.Bad(
                    $"Invalid 'logit_bias': token {token} is not in the vocabulary of {vocabulary}",
                    "logit_bias");
            }
            result[token] = (float)entry.Value.GetDouble();
        }
        return result;
    }
}
