using System;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// The same spec again, on one thread and on two, in float32 and bfloat16, and killed and resumed: the
/// adapter's bytes.
/// </summary>
static class SameBytes
{
    const int Steps = 30;

    /// <returns>Pairs that differ.</returns>
    public static async Task<int> RunAsync(string work, string modelFolder)
    {
        var folder = Path.Combine(work, "same-bytes");
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var data = Path.Combine(folder, "train.jsonl");
        Corpus.Write(data, IntentSet.Load("banking77").Train.Take(2000).Select(u => new TrainingRecord
        {
            Messages = [new("user", u.Text), new("assistant", u.Intent)],
        }));
        var differing = 0;
        foreach (var threads in new[] { 1, 2 })
        {
            foreach (var precision in new[] { Precision.F32, Precision.Bf16 })
            {
                var what = $"{threads} thread{(threads == 1 ? "" : "s")}, "
                    + precision.ToString().ToLowerInvariant();
                TrainerJob Job(string name) => Of(folder, name, modelFolder, data, threads, precision);
                var whole = await HashAsync(Job($"{threads}-{precision}-a"), killAt: null);
                differing += Say($"{what}: run again", whole,
                    await HashAsync(Job($"{threads}-{precision}-b"), killAt: null));
                differing += Say($"{what}: killed at step 17 (kill -9), resumed", whole,
                    await HashAsync(Job($"{threads}-{precision}-c"), killAt: 17));
            }
        }
        return differing;
    }

    static int Say(string what, string first, string second)
    {
        var found = first == second ? "the same bytes" : $"NOT {second[..16]}";
        Console.WriteLine($"{what}: {first[..16]} {found}");
        return first == second ? 0 : 1;
    }

    static TrainerJob Of(string folder, string name, string modelFolder, string data, int threads,
        Precision precision)
    {
        using var model = ModelFolder.Open(modelFolder);
        return new TrainerJob
        {
            Spec = IntentSpec.Of(model, data, rank: 16) with
            {
                MostSteps = Steps,
                Threads = threads,
                Precision = precision,
            },
            BaseFolder = modelFolder,
            DatasetFile = data,
            OutputFolder = Path.Combine(folder, name),
            CheckpointFolder = Path.Combine(folder, name + "-checkpoints"),
            CheckpointSteps = 5,
        };
    }

    static async Task<string> HashAsync(TrainerJob job, int? killAt)
    {
        var file = job.OutputFolder + ".json";
        if (killAt is { } step)
        {
            using var kill = new CancellationTokenSource();
            try
            {
                // A cancelled trainer is killed, not asked.
                await Jobs.TrainAsync(job, file, kill.Token, quiet: true, seen: e =>
                {
                    if (e.Step >= step)
                        kill.Cancel();
                });
            }
            catch (OperationCanceledException)
            {
                if (Directory.Exists(job.OutputFolder))
                    throw new InvalidOperationException("a killed run left a bundle");
            }
        }
        await Jobs.TrainAsync(job, file, CancellationToken.None, quiet: true);
        return CanonicalJson.HashOfBytes(
            File.ReadAllBytes(Path.Combine(job.OutputFolder, PeftAdapter.WeightsFile)));
    }
}
