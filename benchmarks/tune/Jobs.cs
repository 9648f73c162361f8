using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>Runs the trainer's process and tells of it on stderr.</summary>
static class Jobs
{
    /// <returns>The last event: CPU seconds and tokens of the whole.</returns>
    public static async Task<TrainerEvent> TrainAsync(
        TrainerJob job, string jobFile, CancellationToken cancellation, bool quiet = false,
        Action<TrainerEvent>? seen = null)
    {
        File.WriteAllText(jobFile, JsonSerializer.Serialize(job, CanonicalJson.Options));
        var losses = new Queue<double>();
        TrainerEvent? last = null;
        await Trainer().TrainAsync(jobFile, e =>
        {
            last = e;
            seen?.Invoke(e);
            if (e.Loss is { } loss && e.Kind == "step")
                losses.Enqueue(loss);
            if (losses.Count > 50)
                losses.Dequeue();
            if (!quiet && e.Kind == "step" && e.Step % 50 == 0)
            {
                Console.Error.WriteLine($"step {e.Step}/{e.Steps} loss {losses.Average():F3} "
                    + $"{e.TokensPerSecond:F0} tokens/s "
                    + $"{e.CpuSeconds:F0} CPU-s, {e.SecondsLeft:F0} s left");
            }
        }, cancellation);
        return last!;
    }

    public static async Task<List<GreedyAnswer>> AnswersAsync(
        string folder, string? adapter, IEnumerable<int[]> prompts, int mostTokens, string work)
    {
        var file = Path.Combine(work, "prompts.jsonl");
        File.WriteAllLines(file, prompts.Select(p => JsonSerializer.Serialize(p)));
        var job = Path.Combine(work, "generate.json");
        File.WriteAllText(job, JsonSerializer.Serialize(new
        {
            base_folder = folder,
            adapter_folder = adapter,
            prompts_file = file,
            most_tokens = mostTokens,
        }));
        var answers = new List<GreedyAnswer>();
        await Trainer().GenerateAsync(job, answers.Add, CancellationToken.None);
        return answers;
    }

    static TrainerProcess Trainer() => TrainerProcess.Locate(Console.Error.WriteLine);
}
