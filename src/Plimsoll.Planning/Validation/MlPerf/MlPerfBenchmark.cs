using System;
using System.Collections.Generic;
using Plimsoll.Inputs.Workloads.Families;

namespace Plimsoll.Planning.Validation.MlPerf;

/// <summary>What an MLPerf Inference benchmark asks of a system: model and lengths.</summary>
/// <param name="Name">As in the results: <c>llama2-70b-99</c>.</param>
/// <param name="Model">The catalogue's model.</param>
/// <param name="PromptTokens">Mean and longest prompt.</param>
/// <param name="OutputTokens">Mean and longest answer; the means are the results' own
/// tokens per sample.</param>
/// <param name="Dataset">What the samples are.</param>
sealed record MlPerfBenchmark(
    string Name, string Model, (int Mean, int Most) PromptTokens, (int Mean, int Most) OutputTokens,
    string Dataset)
{
    const int Knots = 33;

    /// <summary>The five LLM benchmarks of v4.1 and v5.1 that the catalogue has models for.</summary>
    public static IReadOnlyList<MlPerfBenchmark> All { get; } =
    [
        new("llama2-70b-99", "Llama-2-70B", (294, 1024), (290, 1024), "OpenOrca"),
        new("llama3.1-8b", "Llama-3.1-8B", (778, 2540), (128, 128), "CNN/DailyMail"),
        new("llama3.1-405b", "Llama-3.1-405B", (9400, 20_000), (650, 2000), "LongBench, RULER, GovReport"),
        new("mixtral-8x7b", "Mixtral-8x7B", (294, 2048), (145, 1024), "OpenOrca, GSM8K, MBXP"),
        new("deepseek-r1", "DeepSeek-R1", (800, 3100), (3700, 20_000),
            "AIME, MATH500, GPQA, MMLU-Pro, LiveCodeBench"),
    ];

    public static MlPerfBenchmark? Find(string name)
    {
        foreach (var benchmark in All)
        {
            if (benchmark.Name == name)
                return benchmark;
        }
        return null;
    }

    /// <summary>
    /// Poisson arrivals; lengths exponential, cut at the longest, with the stated mean. Shapes are not stated
    /// by the results and are assumed.
    /// </summary>
    public WorkloadFamily Workload() => new(new FamilySpec
    {
        Name = Name,
        Description = $"MLPerf Inference: {Dataset}",
        Source = "MLCommons Inference benchmarks",
        AsOf = "2025-09",
        Class = "interactive",
        RequestsPerSecond = 1,
        Input = Exponential(PromptTokens.Mean, PromptTokens.Most),
        Output = Exponential(OutputTokens.Mean, OutputTokens.Most),
        Arrivals = new ArrivalSpec(0, 1),
    });

    /// <summary>
    /// Exponential over 1 to <paramref name="most"/> with a mean, falling or, where it must, rising.
    /// </summary>
    internal static LengthSpec Exponential(double mean, double most)
    {
        if (mean >= most)
            return new LengthSpec([0, 1], [most, most]);
        double low = -50 / most, high = 50 / mean;
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            if (Table(middle, most).Mean > mean)
                low = middle;
            else
                high = middle;
        }
        return Table(low, most);
    }

    /// <summary>Quantiles of the density proportional to exp(−rate·x) on (0, most).</summary>
    static LengthSpec Table(double rate, double most)
    {
        var levels = new double[Knots];
        var tokens = new double[Knots];
        for (var i = 0; i < Knots; i++)
        {
            levels[i] = i / (Knots - 1.0);
            tokens[i] = Math.Max(1, Math.Abs(rate * most) < 1e-9
                ? levels[i] * most
                : -Math.Log(1 - levels[i] * (1 - Math.Exp(-rate * most))) / rate);
        }
        return new LengthSpec(levels, tokens);
    }
}
