using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using Plimsoll.Core;

namespace Plimsoll.Tuning.Training.Jobs;

/// <summary>Reads the body of <c>POST /v1/fine_tuning/jobs</c>.</summary>
public static partial class JobRequest
{
    static readonly HashSet<string> _known =
        ["model", "training_file", "validation_file", "hyperparameters", "method", "suffix", "seed",
            "metadata", "integrations"];

    static readonly string[] _numbers = ["n_epochs", "batch_size", "learning_rate_multiplier", "beta"];

    // A seed is kept in JSON, which has no larger whole numbers.
    const long MostSeed = 1L << 53;

    /// <exception cref="BadInputException">A key that is missing, unknown or out of range; its
    /// message names it.</exception>
    public static FineTuningJob Read(JsonElement body, string tenant, string id, long now)
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw new BadInputException("body: expected a JSON object");
        foreach (var key in body.EnumerateObject().Select(p => p.Name))
        {
            if (!_known.Contains(key))
                throw new BadInputException($"{key}: unknown; expected {string.Join(", ", _known)}");
        }
        if (Value(body, "integrations") is { } integrations
            && !(integrations.ValueKind == JsonValueKind.Array && integrations.GetArrayLength() == 0))
        {
            throw new BadInputException("integrations: none are supported; expected null");
        }
        var suffix = Text(body, "suffix");
        if (suffix is not null && !Suffix().IsMatch(suffix))
        {
            throw new BadInputException($"suffix '{suffix}': expected 1 to 64 letters, digits, dots, dashes "
                + "and underscores");
        }
        return new FineTuningJob
        {
            Id = id,
            Tenant = tenant,
            Model = Text(body, "model") ?? throw new BadInputException("model: missing"),
            TrainingFile = Text(body, "training_file")
                ?? throw new BadInputException("training_file: missing"),
            ValidationFile = Text(body, "validation_file"),
            Suffix = suffix,
            Options = Options(body),
            Metadata = Object(body, "metadata")?.GetRawText(),
            Created = now,
            Status = JobStatus.ValidatingFiles,
        };
    }

    static TrainingOptions Options(JsonElement body)
    {
        var method = TrainingMethod.Sft;
        var numbers = Object(body, "hyperparameters");
        if (Object(body, "method") is { } chosen)
        {
            var type = Text(chosen, "type");
            method = type switch
            {
                "supervised" => TrainingMethod.Sft,
                "dpo" => TrainingMethod.Dpo,
                _ => throw new BadInputException($"method.type {type ?? "missing"}: "
                    + "expected supervised or dpo"),
            };
            if (Object(chosen, type!) is { } own)
                numbers = Object(own, "hyperparameters") ?? numbers;
        }
        foreach (var key in numbers?.EnumerateObject().Select(p => p.Name) ?? [])
        {
            if (!_numbers.Contains(key))
                throw new BadInputException($"{key}: unknown; expected {string.Join(", ", _numbers)}");
        }
        var defaults = new TrainingOptions();
        return defaults with
        {
            Method = method,
            Epochs = Whole(numbers, "n_epochs", 1, 50) ?? defaults.Epochs,
            BatchTokens = Whole(numbers, "batch_size", 1, 256) * defaults.SequenceTokens
                ?? defaults.BatchTokens,
            LearningRate = defaults.LearningRate * (
                Number(numbers, "learning_rate_multiplier", 0.001, 100) ?? 1),
            DpoBeta = Number(numbers, "beta", 0.001, 10) ?? defaults.DpoBeta,
            Seed = (ulong)Math.Abs(Seed(body) ?? 1),
        };
    }

    static long? Seed(JsonElement body) => Value(body, "seed") is not { } given ? null
        : given.ValueKind == JsonValueKind.Number && given.TryGetInt64(out var seed) && seed > -MostSeed
            && seed < MostSeed
        ? seed
        : throw new BadInputException($"seed {given.GetRawText()}: expected a whole number");

    static int? Whole(JsonElement? numbers, string key, int least, int most) =>
        Number(numbers, key, least, most) is not { } number ? null
            : double.IsInteger(number) ? (int)number
            : throw new BadInputException(FormattableString.Invariant(
                $"{key} {number}: expected a whole number"));

    // "auto" is what the trainer's own default is.
    static double? Number(JsonElement? numbers, string key, double least, double most)
    {
        if (numbers is not { } given || Value(given, key) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() == "auto")
            return null;
        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number >= least
            && number <= most
            ? number
            : throw new BadInputException(FormattableString.Invariant(
                $"{key} {value.GetRawText()}: expected auto or {least} to {most}"));
    }

    static string? Text(JsonElement body, string key) => Value(body, key) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new BadInputException($"{key}: expected a string");

    static JsonElement? Object(JsonElement body, string key) => Value(body, key) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? value
            : throw new BadInputException($"{key}: expected a JSON object");

    static JsonElement? Value(JsonElement body, string key) =>
        body.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex Suffix();
}
