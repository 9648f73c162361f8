using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// A LoRA on an intent task: trained, answered by the trainer, and by llama.cpp on the base in Q8_0.
/// </summary>
static class IntentTuning
{
    const int AnswerTokens = 16;

    /// <summary>Rank, epochs and rate, chosen on the validation splits.</summary>
    static (int Rank, int Epochs, double Rate) Recipe(string set) => set switch
    {
        "clinc150" => (32, 4, 4e-3),
        "banking77" => (32, 4, 4e-3),
        _ => (16, 1, 4e-3),
    };

    /// <summary>Trains one seed and measures it: on the validation split by the trainer, on the test split
    /// by the trainer and by the deployed form.</summary>
    public static async Task<IntentResult> RunAsync(string work, string modelFolder, string name, ulong seed,
        int? perIntent)
    {
        var set = IntentSet.Load(name);
        if (perIntent is { } few)
            set = set with { Train = [.. set.Train.GroupBy(u => u.Intent).SelectMany(g => g.Take(few))] };
        var size = Path.GetFileName(Path.GetDirectoryName(modelFolder));
        var folder = Path.Combine(work, $"{size}-{name}-{seed}{(perIntent is null ? "" : $"-{perIntent}")}");
        Directory.CreateDirectory(folder);
        var data = Path.Combine(folder, "train.jsonl");
        Corpus.Write(data, set.Train.Select(Record));
        using var model = ModelFolder.Open(modelFolder);
        var spec = Spec(model, data, name, seed, perIntent);
        var last = await Jobs.TrainAsync(new TrainerJob
        {
            Spec = spec,
            BaseFolder = modelFolder,
            DatasetFile = data,
            OutputFolder = Path.Combine(folder, "adapter"),
            CheckpointFolder = Path.Combine(folder, "checkpoints"),
            CheckpointSteps = 200,
        }, Path.Combine(folder, "job.json"), CancellationToken.None);
        List<int[]> Prompts(IReadOnlyList<Utterance> split) =>
            [.. split.Select(u => model.Renderer.Prompt([new ChatMessage("user", u.Text)], null))];
        async Task<List<int[]>> Trainer(IReadOnlyList<Utterance> split) => [.. (await Jobs.AnswersAsync(
            modelFolder, Path.Combine(folder, "adapter"), Prompts(split), AnswerTokens, folder))
            .Select(a => a.Tokens.ToArray())];
        string Text(int[] tokens) => model.Tokenizer.Decode(tokens.Where(t => t >= 0), specials: false)
            .Trim();
        double Accuracy(IReadOnlyList<Utterance> split, List<int[]> answers) => 100.0 * split.Zip(answers)
            .Count(p => Text(p.Second) == p.First.Intent) / split.Count;
        var trainer = await Trainer(set.Test);
        var engine = await EngineAsync(model, folder, Prompts(set.Test));
        return new IntentResult
        {
            Set = name,
            Seed = seed,
            PerIntent = perIntent,
            Train = set.Train.Count,
            Test = set.Test.Count,
            Rank = spec.Lora!.Rank,
            Validation = Accuracy(set.Validation, await Trainer(set.Validation)),
            Trainer = Accuracy(set.Test, trainer),
            Deployed = Accuracy(set.Test, engine),
            SameAnswers = 100.0 * trainer.Zip(engine).Count(p => Text(p.First) == Text(p.Second))
                / trainer.Count,
            Baseline = 100 * new SoftmaxBaseline(set.Train, seed).Accuracy(set.Test),
            Tokens = last.Tokens,
            CpuSeconds = last.CpuSeconds ?? 0,
        };
    }

    static TrainingSpec Spec(ModelFolder model, string data, string name, ulong seed, int? perIntent)
    {
        var (rank, epochs, rate) = Recipe(name);
        return IntentSpec.Of(model, data, rank) with
        {
            Epochs = perIntent is null ? epochs : 20,
            LearningRate = rate,
            WarmupSteps = 20,
            Seed = seed,
        };
    }

    static TrainingRecord Record(Utterance utterance) =>
        new() { Messages = [new("user", utterance.Text), new("assistant", utterance.Intent)] };

    static async Task<List<int[]>> EngineAsync(ModelFolder model, string folder, List<int[]> prompts)
    {
        var (gguf, adapter) = (Path.Combine(folder, "base-q8_0.gguf"), Path.Combine(folder, "adapter.gguf"));
        GgufExport.Model(model, null, TensorFormat.Q8_0, "plimsoll").Save(gguf);
        GgufExport.Adapter(model, Path.Combine(folder, "adapter"), "tuned").Save(adapter);
        return await Deployed.AnswersAsync(gguf, adapter, prompts, AnswerTokens);
    }
}
