using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// The embedded trainer beside Debian's PyTorch (<c>apt-get install python3-torch libopenblas0-pthread</c>;
/// without the latter it computes on the reference BLAS, eight times as slow): one model, the same batches,
/// one thread, float32; tokens per processor second of both. The losses say that both compute the same.
/// </summary>
static class TorchSpeed
{
    const int Steps = 40;

    sealed record Torch(string Version, double TokensPerCpuSecond, double[] Losses);

    /// <param name="python">One that has torch.</param>
    public static async Task RunAsync(string work, string modelFolder, string python, int rounds)
    {
        var folder = Path.Combine(work, "torch-speed");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        Directory.CreateSymbolicLink(Path.Combine(folder, "model"), Path.GetFullPath(modelFolder));
        var data = Path.Combine(folder, "train.jsonl");
        var records = IntentSet.Load("banking77").Train.Select(u => new TrainingRecord
        {
            Messages = [new("user", u.Text), new("assistant", u.Intent)],
        }).ToList();
        Corpus.Write(data, records);
        using var model = ModelFolder.Open(modelFolder);
        foreach (var rank in new int?[] { 16, null })
        {
            var spec = IntentSpec.Of(model, data, rank ?? 1) with
            {
                MostSteps = Steps, LearningRate = 1e-4, WarmupSteps = 0, DecayShare = 0,
            };
            if (rank is null)
                spec = spec with { Lora = null };
            WriteBatches(folder, new BatchPlan(records.ConvertAll(model.Renderer.Example), spec));
            var (ours, theirs) = (new List<double>(), new List<double>());
            var apart = 0.0;
            var version = "";
            for (var round = 0; round < rounds; round++)
            {
                var losses = new List<double>();
                ours.Add(await EmbeddedAsync(folder, modelFolder, data, spec, losses));
                var torch = PlainTorch(python, folder, rank ?? 0);
                theirs.Add(torch.TokensPerCpuSecond);
                apart = Math.Abs(losses[0] - torch.Losses[0]);
                version = torch.Version;
            }
            var what = rank is null ? "all weights" : $"LoRA r{rank}";
            Console.WriteLine(FormattableString.Invariant(
                $"{what}, {model.Config.Parameters:N0} parameters, {Steps} steps, best of {rounds}: embedded {
                    ours.Max():F0}, PyTorch {version} {theirs.Max():F0} tokens per CPU-second: {
                    ours.Max() / theirs.Max():F2}x; first losses {apart:G2} apart"));
        }
    }

    static void WriteBatches(string folder, BatchPlan plan) => File.WriteAllLines(
        Path.Combine(folder, "batches.jsonl"), Enumerable.Range(0, Steps).Select(step =>
        {
            var batch = plan[step];
            return JsonSerializer.Serialize(new
            {
                rows = batch.Rows,
                length = batch.Length,
                filled = batch.Filled,
                tokens = batch.Tokens,
                positions = batch.Positions,
                segments = batch.Segments,
                targets = batch.Targets,
            });
        }));

    static async Task<double> EmbeddedAsync(string folder, string modelFolder, string data, TrainingSpec spec,
        List<double> losses)
    {
        var output = Path.Combine(folder, "adapter");
        var last = await Jobs.TrainAsync(new TrainerJob
        {
            Spec = spec,
            BaseFolder = modelFolder,
            DatasetFile = data,
            OutputFolder = output,
            CheckpointFolder = output + "-checkpoints",
            CheckpointSteps = int.MaxValue,
        }, output + ".json", CancellationToken.None, quiet: true, seen: e =>
        {
            if (e.Kind == "step")
                losses.Add(e.Loss!.Value);
        });
        return last.Tokens / last.CpuSeconds!.Value;
    }

    static Torch PlainTorch(string python, string folder, int rank)
    {
        var script = Path.Combine(SharedData.Root(), "benchmarks", "tune", "torch-speed.py");
        var start = new ProcessStartInfo(python, [script, folder, $"{rank}"])
        {
            RedirectStandardOutput = true,
        };
        // As the embedded trainer is started.
        start.Environment["OPENBLAS_NUM_THREADS"] = "1";
        start.Environment["MALLOC_ARENA_MAX"] = "1";
        start.Environment["MALLOC_MMAP_MAX_"] = "0";
        start.Environment["MALLOC_TRIM_THRESHOLD_"] = "68719476736";
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? JsonSerializer.Deserialize<Torch>(said,
                new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower })!
            : throw new BadInputException($"{python}: ended with code {process.ExitCode}; expected a Python "
                + "with torch, as Debian's python3-torch brings it");
    }
}
