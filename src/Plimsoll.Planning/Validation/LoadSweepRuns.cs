using System;
using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Medians of TTFT and TPOT against offered load, vLLM 0.19.0 and SGLang 0.5.10 on H100 and A100, one Poisson
/// run per rate: <c>measured/measured-cost-vs-load-h100-a100.csv</c> (arXiv:2606.11690; times in
/// milliseconds, rates in requests per second). The A100 is the PCIe board; the SXM board's kernels stand in.
/// </summary>
public static class LoadSweepRuns
{
    /// <summary>
    /// Not stated. Throughput times duration of the overloaded runs gives 450 to 495, the last answers of
    /// 500 requests excepted.
    /// </summary>
    const int Requests = 500;

    public static IReadOnlyList<string> Assumed { get; } =
    [
        FormattableString.Invariant(
            $"{Requests} requests per run: overloaded runs complete 450 to 495 at their mean rate"),
        "max_num_seqs and max_num_batched_tokens not stated: vLLM's server's own on the card",
        "H100 is the SXM board; prompts and answers have exactly the stated lengths",
    ];

    /// <summary>
    /// Runs of one card, <c>H100</c> or <c>A100</c>, that can be replayed; the others are counted
    /// in <paramref name="dropped"/>.
    /// </summary>
    public static IReadOnlyList<Observation> Read(string file, string card, DropTally dropped) =>
        CsvTable.ReadUsable(file, row => Read(row, card, dropped));

    static Observation? Read(CsvTable row, string card, DropTally dropped)
    {
        if (WhyNot(row, card) is { } reason)
        {
            dropped.Add(reason);
            return null;
        }
        var (prompt, output) = Shape(row.Text("io_shape"))!.Value;
        var rate = row.Number("rps");
        var accelerator = Catalogue.BuiltIn.FindAccelerator(card);
        var observation = new Observation
        {
            Name = FormattableString.Invariant($"{row.Text("config")} at {rate} requests/s"),
            Deployment = new Deployment
            {
                Model = KnownModels.Find(row.Text("model"))!,
                Accelerator = accelerator,
                TensorParallel = row.Whole("gpus"),
                Weights = KnownModels.Format(row.Text("precision"))!.Value,
                Engine = EngineCatalogue.ServerDefaults(accelerator) with
                {
                    Engine = row.Text("engine"),
                    EngineVersion = row.Text("engine") == "vllm" ? "0.19.0" : "0.5.10",
                    EnablePrefixCaching = false,
                },
            },
            Load = new ReplayedLoad(Poisson(rate, prompt, output)),
            Measured =
                new LatencyFigures { TtftMs = row.Number("ttft_p50_ms"), TpotMs = row.Number("tpot_p50_ms") },
            Medians = true,
        };
        if (HeldOut.Unfit(observation) is { } unfit)
        {
            dropped.Add(unfit);
            return null;
        }
        return observation;
    }

    static string? WhyNot(CsvTable row, string card)
    {
        if (!row.Text("hardware").Contains(card, StringComparison.Ordinal))
            return $"another card: {row.Text("hardware")}";
        if (KnownModels.Find(row.Text("model")) is null)
            return $"model not in the catalogue: {row.Text("model")}";
        if (KnownModels.Format(row.Text("precision")) is null)
            return $"precision not supported: {row.Text("precision")}";
        return Shape(row.Text("io_shape")) is null
            ? $"lengths not stated: {row.Text("io_shape")}"
            : null;
    }

    /// <summary><c>512in/256out</c>; null for a shape that is only named.</summary>
    static (int Prompt, int Output)? Shape(string text)
    {
        var parts = text.Split("in/");
        return parts.Length == 2 && parts[1].EndsWith("out", StringComparison.Ordinal)
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var prompt)
            && int.TryParse(parts[1][..^3], NumberStyles.None, CultureInfo.InvariantCulture, out var output)
            ? (prompt, output)
            : null;
    }

    static Arrival[] Poisson(double rate, int prompt, int output)
    {
        var random = new RandomStream(seed: 1, purpose: 33);
        var arrivals = new Arrival[Requests];
        var atNs = 0.0;
        for (var i = 0; i < arrivals.Length; i++)
        {
            arrivals[i] = new Arrival
            {
                AtNs = (long)atNs, PromptTokens = prompt, OutputTokens = output, Session = -1,
            };
            atNs += random.NextExponential() * 1e9 / rate;
        }
        return arrivals;
    }
}
