using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Tokenization;
using Plimsoll.Tuning.Training;
using Xunit;

namespace Plimsoll.Tests.Tuning;

/// <summary>A model so small that it trains in a second, through the real trainer's process.</summary>
sealed class TinyJob(TemporaryFolder folder)
{
    static readonly TrainerProcess _trainer = TrainerProcess.Locate(Console.Error.WriteLine);

    public static TrainerProcess Trainer => _trainer;

    /// <summary>A folder with drawn weights, wide enough apart that its answers differ.</summary>
    /// <param name="format">Whose values the weights are.</param>
    public string Model(Architecture architecture, bool tied = true, TensorFormat format = TensorFormat.F32)
    {
        var tokenizer = ByteLevelBpeLaws.Trained(PreTokenizer.Gpt2);
        var config = new ModelConfig
        {
            Architecture = architecture,
            VocabularySize = tokenizer.Tokens.Count,
            HiddenSize = 64,
            Layers = 2,
            Heads = 4,
            KvHeads = 2,
            HeadSize = architecture == Architecture.Qwen3 ? 32 : 16,
            FeedForwardSize = 96,
            NormEpsilon = 1e-5,
            RopeTheta = 10_000,
            TiedEmbeddings = tied,
            ContextTokens = 256,
            EndTokens = [tokenizer.Find("<|im_end|>")!.Value, tokenizer.Find("<|endoftext|>")!.Value],
        };
        var path = folder.In($"model-{architecture}");
        ModelFolder.WriteParts(path, config, tokenizer, ChatTemplate.ChatMl);
        var draws = new RandomStream(seed: 7);
        var weights = new List<NamedTensor>();
        foreach (var (name, shape) in config.Weights())
        {
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = (float)(draws.NextNormal() * 0.08
                    + (name.EndsWith("norm.weight", StringComparison.Ordinal) ? 1 : 0));
                if (format == TensorFormat.F16)
                    values[i] = (float)(Half)values[i];
            }
            weights.Add(NamedTensor.Of(name, shape, values));
        }
        using var stream = File.Create(Path.Combine(path, ModelFolder.WeightsFile));
        Safetensors.Write(stream, weights);
        return path;
    }

    /// <summary>Conversations whose answers follow from their questions.</summary>
    public string Conversations(int count, string name = "chat.jsonl") => folder.Write(name, string.Concat(
        Enumerable.Range(0, count).Select(i => RecordJson.Of(RecordReader.Pair(
            $"is it {i} tons in {(i % 2 == 0 ? "salt" : "the")} water", i % 2 == 0 ? "mark" : "line", "t"))
                + "\n")));

    public TrainerJob Job(string baseFolder, string data, string output, Func<TrainingSpec,
        TrainingSpec> change)
    {
        using var model = ModelFolder.Open(baseFolder);
        return new TrainerJob
        {
            Spec = change(new TrainingSpec
            {
                Method = TrainingMethod.Sft,
                BaseHash = model.HasWeights ? model.WeightHash() : "none",
                DatasetHash = CanonicalJson.HashOfBytes(File.ReadAllBytes(data)),
                TokenizerHash = model.TokenizerHash,
                TemplateHash = model.Template.Hash,
                Lora = new LoraConfig(4, 8, RankStabilised: false,
                    ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]),
                SequenceTokens = 128,
                BatchTokens = 512,
                Epochs = 3,
                LearningRate = 1e-2,
            }),
            BaseFolder = baseFolder,
            DatasetFile = data,
            OutputFolder = output,
            CheckpointFolder = output + "-checkpoints",
            CheckpointSteps = 3,
        };
    }

    public Task<List<TrainerEvent>> TrainAsync(TrainerJob job) =>
        KillableAsync(job, TestContext.Current.CancellationToken, _ => { });

    public async Task<List<TrainerEvent>> KillableAsync(
        TrainerJob job, CancellationToken kill, Action<TrainerEvent> seen)
    {
        var file = folder.Write($"{Path.GetFileName(job.OutputFolder)}.json",
            JsonSerializer.Serialize(job, CanonicalJson.Options));
        var events = new List<TrainerEvent>();
        await _trainer.TrainAsync(file, e =>
        {
            events.Add(e);
            seen(e);
        }, kill);
        return events;
    }

    public async Task<List<GreedyAnswer>> AnswersAsync(
        string baseFolder, string? adapter, IEnumerable<int[]> prompts, int mostTokens)
    {
        var job = folder.Write("generate.json", JsonSerializer.Serialize(new Dictionary<string, object?>
        {
            ["base_folder"] = baseFolder,
            ["adapter_folder"] = adapter,
            ["prompts_file"] = folder.Write("prompts.jsonl",
                string.Join('\n', prompts.Select(p => JsonSerializer.Serialize(p)))),
            ["most_tokens"] = mostTokens,
        }));
        var answers = new List<GreedyAnswer>();
        await _trainer.GenerateAsync(job, answers.Add, TestContext.Current.CancellationToken);
        return answers;
    }
}
