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
        if (body.TryGetProperty("integrations", out var integrations)
            && integrations.ValueKind == JsonValueKind.Array
            && integrations.GetArrayLength() > 0)
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
            Metadata = body.TryGetProperty("metadata", out var metadata)
                && metadata.ValueKind == JsonValueKind.Object ? metadata.GetRawText() : null,
            Created = now,
            Status = JobStatus.ValidatingFiles,
        };
    }

    static TrainingOptions Options(JsonElement body)
    {
        var method = TrainingMethod.Sft;
        var numbers = body.TryGetProperty("hyperparameters", out var top) ? top : default;
        if (body.TryGetProperty("method", out var chosen) && chosen.ValueKind == JsonValueKind.Object)
        {
            var type = Text(chosen, "type");
            method = type switch
            {
                "supervised" => TrainingMethod.Sft,
                "dpo" => TrainingMethod.Dpo,
                _ => throw new BadInputException($"method.type {type ?? "missing"}: "
                    + "expected supervised or dpo"),
            };
            if (chosen.TryGetProperty(type!, out var own)
                && own.TryGetProperty("hyperparameters", out var inner))
            {
                numbers = inner;
            }
        }
        var seed = body.TryGetProperty("seed", out var given) && given.ValueKind == JsonValueKind.Number
            ? given.GetInt64() : 1;
        var defaults = new TrainingOptions();
        return defaults with
        {
            Method = method,
            Epochs = (int)(Number(numbers, "n_epochs", 1, 50) ?? defaults.Epochs),
            BatchTokens = (int)(Number(numbers, "batch_size", 1, 256) ?? 0) is var batch and > 0
                ? batch * defaults.SequenceTokens : defaults.BatchTokens,
            LearningRate = defaults.LearningRate * (
                Number(numbers, "learning_rate_multiplier", 0.001, 100) ?? 1),
            DpoBeta = Number(numbers, "beta", 0.001, 10) ?? defaults.DpoBeta,
            Seed = (ulong)Math.Abs(seed),
        };
    }

    // "auto" is what the trainer's own default is.
    static double? Number(JsonElement numbers, string key, double least, double most)
    {
        if (numbers.ValueKind != JsonValueKind.Object || !numbers.TryGetProperty(key, out var value)
            || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.String && value.GetString() == "auto")
            return null;
        return value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number >= least
            && number <= most
            ? number
            : throw new BadInputException(FormattableString.Invariant(
                $"{key} {value.GetRawText()}: expected auto or {least} to {most}"));
    }

    static string? Text(JsonElement body, string key) => !body.TryGetProperty(key, out var value)
        || value.ValueKind == JsonValueKind.Null
        ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw new BadInputException($"{key}: expected a string");

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}$")]
    private static partial Regex Suffix();
}
