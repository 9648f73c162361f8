using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// The vLLM 0.15.1 experiments of inference-sim/sim-to-real-accuracy-validation:
/// <c>measured/vllm-0.15-experiments.csv</c>. Requests come evenly spaced, stage after stage; a few dozen
/// prompts recur, so nearly every prompt is found in the prefix cache.
/// <para>
/// Their ITL is the gap between chunks, and a chunk may hold several tokens: 1.27 with Llama-2's tokenizer,
/// 1.00 to 1.02 with the others. Compared is the gap per token, (E2E − TTFT) ÷ (answer − 1).
/// </para>
/// </summary>
public static class VllmExperiments
{
    const int BlockTokens = 16;

    /// <summary>Share of a stage that fills the cache and the batch before it is measured.</summary>
    const int WarmupShare = 5;

    /// <summary>One stage of an experiment.</summary>
    public sealed record Stage(string Experiment, Observation Observation);

    /// <summary>
    /// What a kind of experiment sends: prompt lengths, recurring prompts, seconds and rates.
    /// </summary>
    readonly record struct Traffic(
        int SystemTokens, int QuestionTokens, int AnswerTokens, int Systems, int Questions, double Seconds,
        double[] Rates);

    /// <summary>
    /// Every stage whose engine was not overloaded; the rows that average stages are left out.
    /// </summary>
    public static IReadOnlyList<Stage> Read(string file)
    {
        using var text = new StreamReader(file);
        var stages = new List<Stage>();
        foreach (var stage in CsvTable.Read(file, text, Read))
        {
            if (stage is not null)
                stages.Add(stage);
        }
        return stages;
    }

    static Stage? Read(CsvTable row)
    {
        var index =
            int.Parse(row.Text("stage_index"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (index < 0 || TrafficOf(row.Text("workload"), row.Text("experiment")) is not { } traffic)
            return null;
        var ttft = row.Number("ttft_mean");
        var e2e = row.Number("e2e_mean");
        var experiment = row.Text("experiment");
        return new Stage(experiment, new Observation
        {
            Name = FormattableString.Invariant($"{experiment}, stage {index}"),
            Deployment = Deploy(row),
            Load = Arrivals(traffic, traffic.Rates[index]),
            Measured = new LatencyFigures
            {
                TtftMs = ttft,
                ItlMs = (e2e - ttft) / (traffic.AnswerTokens - 1),
                E2eMs = e2e,
            },
        });
    }

    /// <summary>The reasoning experiment at its full rate overloads its engines and is left out.</summary>
    static Traffic? TrafficOf(string workload, string experiment)
    {
        var lite = experiment.Contains("-lite-", StringComparison.Ordinal);
        return workload switch
        {
            "general" => new Traffic(100, 447, 248, 11, 4, 600, lite ? [2.5, 6] : [8, 20]),
            "codegen" => new Traffic(100, 466, 247, 11, 4, 600, [5, 10]),
            "roleplay" => new Traffic(150, 600, 251, 10, 5, 1200, [6]),
            "reasoning" when lite => new Traffic(100, 934, 1448, 23, 1, 1200, [1]),
            _ => null,
        };
    }

    static ReplayedLoad Arrivals(Traffic traffic, double rate)
    {
        var count = (int)(rate * traffic.Seconds);
        var arrivals = new List<Arrival>(count);
        for (var i = 0; i < count; i++)
        {
            var prompt = i % (traffic.Systems * traffic.Questions);
            arrivals.Add(new Arrival
            {
                AtNs = (long)(i / rate * 1e9),
                PromptTokens = traffic.SystemTokens + traffic.QuestionTokens,
                OutputTokens = traffic.AnswerTokens,
                PrefixKeys = Keys(traffic, prompt),
                Session = -1,
            });
        }
        return new ReplayedLoad(arrivals, BlockTokens, count / WarmupShare);
    }

    /// <summary>
    /// Blocks of the system prompt are shared by its questions; the others are a prompt's own.
    /// </summary>
    static ulong[] Keys(Traffic traffic, int prompt)
    {
        var keys = new ulong[(traffic.SystemTokens + traffic.QuestionTokens) / BlockTokens];
        for (var block = 0; block < keys.Length; block++)
        {
            var own = block >= traffic.SystemTokens / BlockTokens;
            var owner = own ? 1000 + prompt : prompt % traffic.Systems;
            keys[block] = ((ulong)(owner + 1) << 32) | (uint)block;
        }
        return keys;
    }

    static Deployment Deploy(CsvTable row) => new()
    {
        Model = Catalogue.BuiltIn.FindModel(ModelName(row.Text("model"))),
        Accelerator = Catalogue.BuiltIn.FindAccelerator(row.Text("hardware")),
        TensorParallel = row.Whole("tp"),
        Weights = row.Text("precision") == "FP8" ? NumberFormat.Fp8 : NumberFormat.Bf16,
        Engine = new EngineSettings
        {
            EngineVersion = "0.15.1",
            MaxNumSeqs = 128,
            MaxNumBatchedTokens = row.Whole("max_num_batched_tokens"),
        },
    };

    static string ModelName(string text) => text switch
    {
        "mistralai/Mistral-Nemo-Instruct-2407" => "Mistral-NeMo-12B",
        "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic" => "Llama-4-Scout-17B-16E",
        "01-ai/Yi-34B" => "Yi-34B",
        _ => text,
    };
}
