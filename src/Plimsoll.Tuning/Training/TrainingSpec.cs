using System.Collections.Generic;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

public enum TrainingMethod
{
    /// <summary>
    /// Next token over plain text, all weights; conversations are rendered and learned whole.
    /// </summary>
    Pretrain,

    /// <summary>The assistant's turns.</summary>
    Sft,

    /// <summary>Chosen over rejected answers, against the model as it was.</summary>
    Dpo,
}

public enum Precision
{
    F32,

    /// <summary>
    /// Arithmetic of the layers in bfloat16; weights, norms, losses and optimisers in float32.
    /// </summary>
    Bf16,
}

/// <summary>
/// Everything that fixes a run. The embedded trainer gives byte-equal weights for equal specs on one machine;
/// the spec's hash is the job's idempotency key. Hashes are lower-case SHA-256.
/// </summary>
public sealed record TrainingSpec
{
    public required TrainingMethod Method { get; init; }

    /// <summary>Of the base's weights, tensor by tensor (<see cref="ModelFolder.WeightHash"/>).</summary>
    public required string BaseHash { get; init; }

    public required string DatasetHash { get; init; }
    public required string TokenizerHash { get; init; }
    public required string TemplateHash { get; init; }

    /// <summary>Null: all weights are trained.</summary>
    public LoraConfig? Lora { get; init; }

    /// <summary>Of the adapter to go on from, for DPO after SFT.</summary>
    public string? InitialAdapterHash { get; init; }

    public required int SequenceTokens { get; init; }
    public bool Packing { get; init; } = true;

    /// <summary>Tokens of one optimiser step, padding included.</summary>
    public required int BatchTokens { get; init; }

    /// <summary>Passes over the data; the last may be cut short by <see cref="MostSteps"/>.</summary>
    public required int Epochs { get; init; }

    public int? MostSteps { get; init; }
    public required double LearningRate { get; init; }

    /// <summary>Of the matrices of the layers under Muon; null: everything under AdamW.</summary>
    public double? MuonLearningRate { get; init; }

    public int WarmupSteps { get; init; }

    /// <summary>Of all steps, the last share over which the rate falls to zero.</summary>
    public double DecayShare { get; init; } = 1;

    public double WeightDecay { get; init; }
    public double ClipNorm { get; init; } = 1;
    public double DpoBeta { get; init; } = 0.1;
    public Precision Precision { get; init; }
    public ulong Seed { get; init; } = 1;

    /// <summary>Part of the spec: sums of other orders round otherwise.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Names of evaluation sets, and what the whole may cost.</summary>
    public IReadOnlyList<string> EvaluationSets { get; init; } = [];

    public double? BudgetUsd { get; init; }

    public string Hash => CanonicalJson.HashOf(this);

    /// <exception cref="BadInputException">A value outside what can be trained.</exception>
    public TrainingSpec Validated()
    {
        Require(SequenceTokens is >= 8 and <= 131_072, $"sequence_tokens {SequenceTokens}", "8 to 131072");
        Require(BatchTokens >= SequenceTokens, $"batch_tokens {BatchTokens}",
            $"at least sequence_tokens {SequenceTokens}");
        Require(Epochs is >= 1 and <= 1000, $"epochs {Epochs}", "1 to 1000");
        Require(MostSteps is null or >= 1, $"most_steps {MostSteps}", "at least 1");
        Require(LearningRate is > 0 and <= 1, $"learning_rate {LearningRate}", "above 0, at most 1");
        Require(MuonLearningRate is null or (> 0 and <= 1), $"muon_learning_rate {MuonLearningRate}",
            "above 0, at most 1");
        Require(WarmupSteps >= 0, $"warmup_steps {WarmupSteps}", "at least 0");
        Require(DecayShare is >= 0 and <= 1, $"decay_share {DecayShare}", "0 to 1");
        Require(WeightDecay is >= 0 and < 1, $"weight_decay {WeightDecay}", "0 to 1");
        Require(ClipNorm > 0, $"clip_norm {ClipNorm}", "above 0");
        Require(DpoBeta > 0, $"dpo_beta {DpoBeta}", "above 0");
        Require(Threads is >= 1 and <= 256, $"threads {Threads}", "1 to 256");
        Require(BudgetUsd is null or > 0, $"budget_usd {BudgetUsd}", "above 0");
        Require(Lora is null or { Rank: >= 1 and <= 1024, Alpha: > 0 },
            $"lora rank {Lora?.Rank}, alpha {Lora?.Alpha}", "rank 1 to 1024, alpha above 0");
        Require(Method != TrainingMethod.Pretrain || Lora is null, "lora with method pretrain", "none");
        Require(Method != TrainingMethod.Dpo || Lora is not null, "method dpo without lora", "lora");
        Require(InitialAdapterHash is null || Lora is not null, "initial_adapter_hash without lora", "lora");
        return this;
    }

    static void Require(bool holds, string what, string expected)
    {
        if (!holds)
            throw new BadInputException($"training spec: {what}; expected {expected}");
    }
}
