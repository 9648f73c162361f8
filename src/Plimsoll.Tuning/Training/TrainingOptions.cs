using System.Collections.Generic;
using System.IO;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// What a user says about a run; with base and dataset it becomes a <see cref="TrainingSpec"/>.
/// </summary>
public sealed record TrainingOptions
{
    public TrainingMethod Method { get; init; } = TrainingMethod.Sft;
    /// <summary>All weights in place of a LoRA, for models as small as a draft.</summary>
    public bool Whole { get; init; }

    public int Rank { get; init; } = 16;

    /// <summary>Twice the rank when not given.</summary>
    public double? Alpha { get; init; }

    public bool RankStabilised { get; init; }

    public IReadOnlyList<string> Targets { get; init; } =
        ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"];

    public int SequenceTokens { get; init; } = 256;
    public int BatchTokens { get; init; } = 2048;
    public int Epochs { get; init; } = 3;
    public int? MostSteps { get; init; }
    public double LearningRate { get; init; } = 2e-3;
    public int WarmupSteps { get; init; } = 10;
    public double DpoBeta { get; init; } = 0.1;
    public Precision Precision { get; init; }
    public ulong Seed { get; init; } = 1;
    public int Threads { get; init; } = 1;
    public double? BudgetUsd { get; init; }

    /// <param name="model">The base.</param>
    /// <param name="trainFile">Records to train on.</param>
    /// <param name="initialAdapter">A PEFT folder to go on from; null for none.</param>
    public TrainingSpec SpecFor(ModelFolder model, string trainFile, string? initialAdapter) =>
        new TrainingSpec
    {
        Method = Method,
        BaseHash = model.WeightHash(),
        DatasetHash = CanonicalJson.HashOfBytes(File.ReadAllBytes(trainFile)),
        TokenizerHash = model.TokenizerHash,
        TemplateHash = model.Template.Hash,
        Lora = Whole ? null : new LoraConfig(Rank, Alpha ?? 2 * Rank, RankStabilised, Targets),
        InitialAdapterHash = initialAdapter is null
            ? null
            : CanonicalJson.HashOfBytes(File.ReadAllBytes(
                Path.Combine(initialAdapter, PeftAdapter.WeightsFile))),
        SequenceTokens = SequenceTokens,
        BatchTokens = BatchTokens,
        Epochs = Epochs,
        MostSteps = MostSteps,
        LearningRate = LearningRate,
        WarmupSteps = WarmupSteps,
        DpoBeta = DpoBeta,
        Precision = Precision,
        Seed = Seed,
        Threads = Threads,
        BudgetUsd = BudgetUsd,
    }.Validated();
}
