using System;
using System.Collections.Generic;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation.MlPerf;

/// <summary>One valid closed-division result of a system: <c>measured/mlperf-llm-runs.csv</c>.</summary>
/// <param name="System">Round, submitter and platform.</param>
/// <param name="Scenario"><c>Offline</c>, <c>Server</c> or <c>Interactive</c>.</param>
/// <param name="Case">What the prediction depends on.</param>
/// <param name="TokensPerSecond">Output tokens per second and accelerator.</param>
sealed record MlPerfRun(string System, string Scenario, MlPerfCase Case, double TokensPerSecond);

/// <summary>What a prediction depends on; many systems share one.</summary>
sealed record MlPerfCase(
    MlPerfBenchmark Benchmark, string Accelerator, NumberFormat Weights, MlPerfSoftware Software,
    int Accelerators, double? TtftLimitMs, double? TpotLimitMs);

static class MlPerfRuns
{
    /// <summary>
    /// A submission is taken to sit at its load line when a 99th percentile comes this near to its limit.
    /// </summary>
    const double NearLimit = 0.85;

    public static IReadOnlyList<MlPerfRun> Read(string file, DropTally dropped) =>
        CsvTable.ReadUsable(file, row => Read(row, dropped));

    static MlPerfRun? Read(CsvTable row, DropTally dropped)
    {
        if (WhyNot(row) is { } reason)
        {
            dropped.Add(reason);
            return null;
        }
        var scenario = row.Text("scenario");
        var accelerator = Accelerator(row.OptionalText("accelerator"), row.Text("platform"))!;
        var accelerators = row.Whole("accelerators");
        var tokens = row.OptionalNumber("tokens_per_s") ?? row.Number("official_result");
        var single = new MlPerfCase(
            MlPerfBenchmark.Find(row.Text("model"))!, accelerator,
            Weights(row.OptionalText("weight_dtype"), accelerator),
            MlPerfSoftware.Of(row.Text("round"), row.OptionalText("software")),
            Math.Min(8, accelerators), row.OptionalNumber("ttft_limit_ms"),
            row.OptionalNumber("tpot_limit_ms"));
        return new MlPerfRun(
            $"{row.Text("round")}, {row.Text("submitter")}, {row.Text("platform")}", scenario, single,
            tokens / accelerators);
    }

    static string? WhyNot(CsvTable row)
    {
        if (row.Text("division") != "closed")
            return "open division: the model may be another";
        if (row.Text("valid") != "VALID")
            return "marked invalid";
        if (row.Text("model") is "llama2-70b-99.9")
            return "llama2-70b-99.9: the same runs as llama2-70b-99";
        if (MlPerfBenchmark.Find(row.Text("model")) is null)
            return $"benchmark not predicted: {row.Text("model")}";
        if (row.Text("scenario") is not ("Offline" or "Server" or "Interactive"))
            return $"scenario not predicted: {row.Text("scenario")}";
        if (Accelerator(row.OptionalText("accelerator"), row.Text("platform")) is null)
            return "accelerator not predicted, mixed or power-limited";
        if (row.OptionalNumber("tokens_per_s") is null && row.OptionalNumber("official_result") is null)
            return "no tokens per second";
        return Spare(row, "ttft") && Spare(row, "tpot")
            ? FormattableString.Invariant(
                $"kept both limits with over {100 * (1 - NearLimit):0} % to spare: not at its load line")
            : null;
    }

    /// <summary>Whether a limit was kept so easily that something else set the rate.</summary>
    static bool Spare(CsvTable row, string metric) =>
        row.OptionalNumber($"{metric}_p99_ms") < NearLimit * row.OptionalNumber($"{metric}_limit_ms");

    /// <summary>
    /// The catalogue's key; null for cards, boards and power limits that are not predicted.
    /// </summary>
    static string? Accelerator(string name, string platform)
    {
        if (name.Contains(',', StringComparison.Ordinal)
            || platform.Contains("MaxQ", StringComparison.Ordinal)
            || name.EndsWith("-CTS", StringComparison.Ordinal))
        {
            return null;
        }
        foreach (var (label, key) in (ReadOnlySpan<(string, string)>)[
            ("H100-SXM-80GB", "h100_sxm"), ("H200-SXM-141GB", "h200_sxm"), ("B200-SXM-180GB", "b200_sxm"),
            ("MI300X", "mi300x"), ("MI325X", "mi325x")])
        {
            if (name.Contains(label, StringComparison.Ordinal))
                return key;
        }
        return null;
    }

    /// <summary>
    /// v4.1 states no format: FP4 on Blackwell and FP8 elsewhere, as its submitters reported.
    /// </summary>
    static NumberFormat Weights(string stated, string accelerator) => KnownModels.Format(stated)
        ?? (accelerator == "b200_sxm" ? NumberFormat.Fp4 : NumberFormat.Fp8);
}
