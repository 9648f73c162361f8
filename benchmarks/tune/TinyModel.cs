using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Tokenization;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>The embedded default: its tokenizer and its pre-training, one command.</summary>
static class TinyModel
{
    static readonly string[] _specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"];

    public sealed record Size(int Hidden, int Layers, int Heads, int KvHeads, int FeedForward,
        int Vocabulary = 4096);

    public static Size Small { get; } = new(128, 6, 4, 2, 352);

    /// <summary>The incumbent of the migration example.</summary>
    public static Size Large { get; } = new(192, 8, 6, 3, 512);

    public static void Prepare(string folder, Size size)
    {
        var records = Corpus.Records();
        Corpus.Write(Path.Combine(folder, "corpus.jsonl"), records);
        var trainer = new BpeTrainer(PreTokenizer.Gpt2);
        foreach (var record in records)
        {
            foreach (var text in record.Texts())
                trainer.Add(text);
        }
        var tokenizer = trainer.Train(size.Vocabulary, _specials);
        var config = new ModelConfig
        {
            Architecture = Architecture.Llama,
            VocabularySize = size.Vocabulary,
            HiddenSize = size.Hidden,
            Layers = size.Layers,
            Heads = size.Heads,
            KvHeads = size.KvHeads,
            HeadSize = size.Hidden / size.Heads,
            FeedForwardSize = size.FeedForward,
            NormEpsilon = 1e-5,
            RopeTheta = 10_000,
            TiedEmbeddings = true,
            ContextTokens = 1024,
            EndTokens = [tokenizer.Find("<|im_end|>")!.Value, tokenizer.Find("<|endoftext|>")!.Value],
        };
        ModelFolder.WriteParts(Path.Combine(folder, "start"), config, tokenizer, ChatTemplate.ChatMl);
        Console.Error.WriteLine($"{config.Parameters:N0} parameters, {records.Count:N0} records, vocabulary "
            + $"{size.Vocabulary}");
    }

    public static async Task PretrainAsync(string folder, int? steps, Precision precision, ulong seed)
    {
        var start = Path.Combine(folder, "start");
        using var model = ModelFolder.Open(start);
        var data = Path.Combine(folder, "corpus.jsonl");
        var spec = new TrainingSpec
        {
            Method = TrainingMethod.Pretrain,
            BaseHash = "none",
            DatasetHash = CanonicalJson.HashOfBytes(File.ReadAllBytes(data)),
            TokenizerHash = model.TokenizerHash,
            TemplateHash = model.Template.Hash,
            SequenceTokens = 256,
            BatchTokens = 4096,
            Epochs = 1,
            MostSteps = steps,
            LearningRate = 4e-3,
            MuonLearningRate = 0.02,
            WarmupSteps = 60,
            DecayShare = 0.6,
            Precision = precision,
            Seed = seed,
        };
        await Jobs.TrainAsync(new TrainerJob
        {
            Spec = spec,
            BaseFolder = start,
            DatasetFile = data,
            OutputFolder = Path.Combine(folder, "model"),
            CheckpointFolder = Path.Combine(folder, "checkpoints"),
        }, Path.Combine(folder, "pretrain.json"), CancellationToken.None);
    }

    /// <summary>The deployed form, as it lies in the repository.</summary>
    public static void Publish(string modelFolder, string file)
    {
        using var model = ModelFolder.Open(modelFolder);
        GgufExport.Model(model, null, TensorFormat.Q8_0, "plimsoll-tiny")
            .Set("general.description", "A very small model: says its grammar's sentences about ships, "
                + "serving and banking; free text is nonsense")
            .Set("general.license", "apache-2.0")
            .Save(file);
        Console.WriteLine($"{file}: {new FileInfo(file).Length:N0} bytes, weights {model.WeightHash()}");
    }
}
