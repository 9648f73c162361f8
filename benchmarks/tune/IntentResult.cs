using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// What one trained seed did on one intent task; accuracies in per cent, exact match, greedy.
/// </summary>
sealed record IntentResult
{
    public required string Set { get; init; }
    public required ulong Seed { get; init; }
    public int? PerIntent { get; init; }
    public required int Train { get; init; }
    public required int Test { get; init; }
    public required int Rank { get; init; }

    /// <summary>Of the trainer, on the split that selects.</summary>
    public required double Validation { get; init; }

    /// <summary>Of the trainer, on the whole test split.</summary>
    public required double Trainer { get; init; }

    /// <summary>Of llama.cpp with the base in Q8_0, on the same prompts.</summary>
    public required double Deployed { get; init; }

    public required double SameAnswers { get; init; }

    /// <summary>tf-idf and softmax regression on the same training utterances.</summary>
    public required double Baseline { get; init; }

    public required long Tokens { get; init; }
    public required double CpuSeconds { get; init; }

    public override string ToString() => FormattableString.Invariant(
        $"{Named} seed {Seed}: {Train} train, {Test} test | validation {Validation:F1} % | test, trainer {
            Trainer:F1} %, Q8_0 on llama.cpp {Deployed:F1} %, same answers {SameAnswers:F2} % | baseline {
            Baseline:F1} % | LoRA r{Rank}, {Tokens:N0} tokens, {CpuSeconds:F0} CPU-s");

    public void Save(string folder) => File.WriteAllText(
        Path.Combine(folder, FormattableString.Invariant($"{Named}-{Seed}.result.json").Replace(' ', '-')),
        JsonSerializer.Serialize(this, CanonicalJson.Options));

    /// <summary>
    /// Every result kept there as one line per task: all seeds, and the one that validation chose.
    /// </summary>
    public static IEnumerable<string> Table(string folder)
    {
        var results = Directory.GetFiles(folder, "*.result.json").Order(StringComparer.Ordinal)
            .Select(File.ReadAllText)
            .Select(json => JsonSerializer.Deserialize<IntentResult>(json, CanonicalJson.Options)!);
        foreach (var task in results.GroupBy(r => r.Named))
        {
            var seeds = task.OrderBy(r => r.Seed).ToList();
            var chosen = seeds.MaxBy(r => r.Validation)!;
            var half = 196 * Math.Sqrt(chosen.Deployed / 100 * (1 - chosen.Deployed / 100) / chosen.Test);
            var (least, most) = (seeds.Min(r => r.Deployed), seeds.Max(r => r.Deployed));
            yield return FormattableString.Invariant(
                $"{task.Key}: {seeds.Count} seeds, deployed {seeds.Average(r => r.Deployed):F1} % ({
                    least:F1} to {most:F1}); chosen on validation: seed {chosen.Seed}, {
                    chosen.Deployed:F1} ± {half:F1} %, trainer {chosen.Trainer:F1} % | tf-idf + softmax: {
                    seeds.Average(r => r.Baseline):F1} % | tuning {
                    seeds.Average(r => r.CpuSeconds) / 60:F1} CPU-min");
        }
    }

    string Named => PerIntent is { } few ? FormattableString.Invariant($"{Set} {few} an intent") : Set;
}
