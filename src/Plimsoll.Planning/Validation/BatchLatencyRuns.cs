using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// Median ITL of a steady batch, vLLM 0.11.1 on H100 and B200:
/// <c>measured/ml-energy-batch-latency-power.csv</c> (ML.ENERGY leaderboard v3).
/// </summary>
static class BatchLatencyRuns
{
    /// <summary>Predicted as today's vLLM all the same, because it scheduled ahead as today's does.</summary>
    public const string Release = "0.11.1";

    /// <summary>Requests per place of the batch: enough for the contexts to mix.</summary>
    const int TurnsOfTheBatch = 4;

    /// <summary>
    /// Mean prompts, tokens, by task; the source states none. One order of magnitude below the answers of the
    /// two tasks that are kept, so that an error here moves contexts little.
    /// </summary>
    const int ChatPrompt = 200;
    const int QuestionPrompt = 250;

    public static IReadOnlyList<string> Assumed { get; } =
    [
        FormattableString.Invariant(
            $"prompts of {ChatPrompt} tokens (lm-arena-chat) and {QuestionPrompt} (gpqa), not stated"),
        "answers uniform within half of their stated mean; a closed loop of as many clients "
            + "as the stated mean batch",
        "asynchronous scheduling and --max-num-batched-tokens 8192, as in the benchmark's own configurations",
        "experts spread over all GPUs of a mixture, attention split over the same ones",
    ];

    public static IReadOnlyList<Observation> Read(string file, DropTally dropped)
    {
        var rows = CsvTable.ReadUsable(file, row => Read(row, dropped));
        var runs = new List<Observation>();
        foreach (var row in rows)
        {
            if (rows.Any(other => other.Outruns(row)))
            {
                dropped.Add(
                    "slower than the same batch on fewer or as many weaker cards: something else held it up");
            }
            else if (HeldOut.Unfit(row.Observation) is { } reason)
            {
                dropped.Add(reason);
            }
            else
            {
                runs.Add(row.Observation);
            }
        }
        return runs;
    }

    sealed record Row(Observation Observation, string Model, string Task, int Gpus, int MaxNumSeqs)
    {
        public bool Outruns(Row other) =>
            Model == other.Model && Task == other.Task && MaxNumSeqs == other.MaxNumSeqs && Gpus <= other.Gpus
            && Card.MemoryGbPerSecond < other.Card.MemoryGbPerSecond
            && Observation.Measured.ItlMs < other.Observation.Measured.ItlMs;

        AcceleratorSpec Card => Observation.Deployment.Accelerator;
    }

    static Row? Read(CsvTable row, DropTally dropped)
    {
        var task = row.Text("task");
        var model = KnownModels.Find(row.Text("model"));
        var weights = KnownModels.Format(row.Text("precision"));
        var prompt = task switch { "lm-arena-chat" => ChatPrompt, "gpqa" => QuestionPrompt, _ => 0 };
        if (prompt == 0 || model is null || weights is null)
        {
            dropped.Add(prompt == 0 ? $"prompt tokens not stated and not small: {task}"
                : model is null ? $"model not in the catalogue: {row.Text("model")}"
                : $"precision not supported: {row.Text("precision")}");
            return null;
        }
        var gpus = row.Whole("num_gpus");
        var ranks = row.Whole("dp");
        var batch = Math.Max(1, (int)Math.Round(row.Number("avg_batch")));
        var output = (int)row.Number("avg_output_len");
        var observation = new Observation
        {
            Name = FormattableString.Invariant($"{task}, {gpus} × {row.Text("gpu")}, batch {batch}"),
            Deployment = new Deployment
            {
                Model = model,
                Accelerator =
                    Catalogue.BuiltIn.FindAccelerator(
                        row.Text("gpu") == "B200" ? "b200_sxm" : row.Text("gpu")),
                TensorParallel = gpus / ranks,
                DataParallel = ranks,
                ExpertParallel = row.Whole("ep"),
                Weights = weights.Value,
                Engine =
                    new EngineSettings { MaxNumSeqs = row.Whole("max_num_seqs"),
                        EnablePrefixCaching = false },
            },
            Load = new ClosedLoad
            {
                Concurrency = batch,
                PromptTokens = (prompt, prompt),
                OutputTokens = (output / 2, output + output / 2),
                Requests = TurnsOfTheBatch * (long)batch,
            },
            Measured = new LatencyFigures { ItlMs = row.Number("itl_p50_ms") },
            Medians = true,
        };
        return new Row(observation, row.Text("model"), task, gpus, row.Whole("max_num_seqs"));
    }
}
