using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Planning.Calibration;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Workloads;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Medians under Poisson arrivals from a trickle to overload: <c>measured/measured-cost-vs-load-h100-a100.csv</c>
/// (pChitral/vllm-cost-meter, arXiv:2606.11690). 500 requests a run, which its rates and durations agree with;
/// only its runs of fixed lengths, whose A100 is the PCIe board. Nothing is said of the engine's release or
/// settings: they are taken as vLLM's server has them by default on each card.
/// </summary>
public static class CostVsLoadPoints
{
    const int Requests = 500;
    const ulong Seed = 1;

    /// <summary>One measured rate and what splits are made by.</summary>
    public sealed record Point(Observation Observation, string Group, double RequestsPerSecond);

    public static IReadOnlyList<Point> Read(string file)
    {
        using var text = new StreamReader(file);
        var points = new List<Point>();
        foreach (var point in CsvTable.Read(file, text, Read))
        {
            if (point is not null)
                points.Add(point);
        }
        return points;
    }

    static Point? Read(CsvTable row)
    {
        if (row.Text("io_shape") != "512in/256out")
            return null;
        var accelerator = Catalogue.BuiltIn.FindAccelerator(row.Text("hardware") == "H100" ? "h100_sxm" : "a100_sxm");
        var fp8 = row.Text("precision") == "fp8";
        var deployment = new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(ModelName(row.Text("model"))),
            Accelerator = accelerator,
            TensorParallel = row.Whole("gpus"),
            Weights = fp8 ? NumberFormat.Fp8 : NumberFormat.Bf16,
            Engine = EngineSettings.OfServer(accelerator) with
            {
                Engine = row.Text("engine"),
                EnablePrefixCaching = false,
            },
        };
        var rate = row.Number("rps");
        var group = $"{deployment.Model.Name}, {row.Text("hardware")}, {deployment.Engine.Engine}, {deployment.Weights.Name()}"
            + FormattableString.Invariant($", tp {deployment.TensorParallel}");
        var observation = new Observation
        {
            Name = FormattableString.Invariant($"{group}, {rate} requests/s"),
            Deployment = deployment,
            Load = new ReplayedLoad(Poisson(rate)),
            Measured = new LatencyFigures { TtftMs = row.Number("ttft_p50_ms"), TpotMs = row.Number("tpot_p50_ms") },
            Medians = true,
        };
        return new Point(observation, group, rate);
    }

    static string ModelName(string path) => path switch
    {
        "Qwen/Qwen3-30B-A3B-Instruct-2507" => "Qwen3-30B-A3B",
        "mistralai/Mixtral-8x7B-Instruct-v0.1" => "Mixtral-8x7B",
        _ => path,
    };

    static Arrival[] Poisson(double requestsPerSecond)
    {
        var random = new RandomStream(Seed, purpose: 22);
        var arrivals = new Arrival[Requests];
        var atNs = 0.0;
        for (var i = 0; i < arrivals.Length; i++)
        {
            arrivals[i] = new Arrival { AtNs = (long)atNs, PromptTokens = 512, OutputTokens = 256, Session = -1 };
            atNs += random.NextExponential() / requestsPerSecond * 1e9;
        }
        return arrivals;
    }
}
