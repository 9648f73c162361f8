using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>
/// A LoRA on an intent task: trained, answered by the trainer, and by llama.cpp on the base in Q8_0.
/// </summary>
static class IntentTuning
{
    const int AnswerTokens = 16;

    static readonly IReadOnlyList<string> _targets = [
        "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"];

    /// <summary>Rank, epochs and rate, chosen on the validation splits.</summary>
    static (int Rank, int Epochs, double Rate) Recipe(string set) => set switch
    {
        "clinc150" => (32, 4, 4e-3),
        "banking77" => (32, 4, 4e-3),
        _ => (16, 1, 4e-3),
    };

    public static async Task RunAsync(string work, string modelFolder, string name, ulong seed,
        int? perIntent)
    {
        var set = IntentSet.Load(name);
        if (perIntent is { } few)
            set = set with { Train = [.. set.Train.GroupBy(u => u.Intent).SelectMany(g => g.Take(few))] };
        var baseline = new SoftmaxBaseline(set.Train, seed).Accuracy(set.Test);
        var (rank, epochs, rate) = Recipe(name);
        var size = Path.GetFileName(Path.GetDirectoryName(modelFolder));
        var folder = Path.Combine(work, $"{size}-{name}-{seed}{(perIntent is null ? "" : $"-{perIntent}")}");
        Directory.CreateDirectory(folder);
        var data = Path.Combine(folder, "train.jsonl");
        Corpus.Write(data, set.Train.Select(Record));
        using var model = ModelFolder.Open(modelFolder);
        var last = await Jobs.TrainAsync(new TrainerJob
        {
            Spec = new TrainingSpec
            {
                Method = TrainingMethod.Sft,
                BaseHash = model.WeightHash(),
                DatasetHash = CanonicalJson.HashOfBytes(File.ReadAllBytes(data)),
                TokenizerHash = model.TokenizerHash,
                TemplateHash = model.Template.Hash,
                Lora = new LoraConfig(rank, 2 * rank, RankStabilised: false, _targets),
                SequenceTokens = 128,
                BatchTokens = 2048,
                Epochs = perIntent is null ? epochs : 20,
                LearningRate = rate,
                WarmupSteps = 20,
                Seed = seed,
            },
            BaseFolder = modelFolder,
            DatasetFile = data,
            OutputFolder = Path.Combine(folder, "adapter"),
            CheckpointFolder = Path.Combine(folder, "checkpoints"),
            CheckpointSteps = 1000,
        }, Path.Combine(folder, "job.json"), CancellationToken.None);
        var prompts = set.Test.Select(u => model.Renderer.Prompt([new ChatMessage("user", u.Text)], null))
            .ToList();
        var trainer = await Jobs.AnswersAsync(
            modelFolder, Path.Combine(folder, "adapter"), prompts, AnswerTokens, folder);
        var engine = await EngineAsync(model, folder, prompts);
        string Text(int[] tokens) => model.Tokenizer.Decode(tokens.Where(t => t >= 0), specials: false)
            .Trim();
        double Accuracy(List<int[]> answers) => 100.0 * set.Test.Zip(answers)
            .Count(p => Text(p.Second) == p.First.Intent) / set.Test.Count;
        var half = 196 * Math.Sqrt(Accuracy(trainer) / 100 * (1 - Accuracy(trainer) / 100) / set.Test.Count);
        var same = 100.0 * trainer.Zip(engine).Count(p => Text(p.First) == Text(p.Second)) / trainer.Count;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, 
            $"{name} seed {seed} {(perIntent is null ? "all" : $"{perIntent} an intent")}: "
                + $"{set.Train.Count} train, {set.Test.Count} test | LoRA r{rank}: trainer "
                + $"{Accuracy(trainer):F1} ± {half:F1} %, Q8_0 on llama.cpp {Accuracy(engine):F1} %, same "
                + $"answers {same:F2} % | tf-idf + softmax {100 * baseline:F1} % | {last.Tokens:N0} tokens, "
                + $"{last.CpuSeconds:F0} CPU-s"));
    }

    static TrainingRecord Record(Utterance utterance) =>
        new() { Messages = [new("user", utterance.Text), new("assistant", utterance.Intent)] };

    static async Task<List<int[]>> EngineAsync(ModelFolder model, string folder, List<int[]> prompts)
    {
        var (gguf, adapter) = (Path.Combine(folder, "base-q8_0.gguf"), Path.Combine(folder, "adapter.gguf"));
        GgufExport.Model(model, null, TensorFormat.Q8_0, "plimsoll").Save(gguf);
        GgufExport.Adapter(model, Path.Combine(folder, "adapter"), "tuned").Save(adapter);
        await using var engine = new LlamaEngine(new LlamaOptions
        {
            Model = "plimsoll",
            Path = gguf,
            Limits = new SchedulerOptions { MaxNumSeqs = 32, MaxNumBatchedTokens = 512, NumBlocks = 512,
                BlockSize = 16, Levels = [ServiceLevelSpec.Default] },
        }, TimeProvider.System);
        await engine.LoadAdapterAsync("tuned", adapter, CancellationToken.None);
        var answers = new List<int[]>();
        foreach (var chunk in prompts.Chunk(128))
        {
            var running = chunk.Select(p => engine.Submit(new EngineRequest
            {
                Prompt = p,
                MaxOutputTokens = AnswerTokens,
                Sampling = new SamplingOptions { Temperature = 0 },
                Adapter = "tuned",
                Tenant = "figures",
            })).ToList();
            foreach (var answer in running)
            {
                var tokens = new List<int>();
                await foreach (var token in answer.Tokens.ReadAllAsync())
                    tokens.Add(token.Token);
                answers.Add([.. tokens]);
            }
        }
        return answers;
    }
}
