using System.IO;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tune.Figures;

/// <summary>The spec that all figures about LoRAs on intents share; each changes what it is about.</summary>
static class IntentSpec
{
    public static TrainingSpec Of(
        ModelFolder model, string dataFile, int rank, bool rankStabilised = false) => new()
    {
        Method = TrainingMethod.Sft,
        BaseHash = model.WeightHash(),
        DatasetHash = CanonicalJson.HashOfBytes(File.ReadAllBytes(dataFile)),
        TokenizerHash = model.TokenizerHash,
        TemplateHash = model.Template.Hash,
        Lora = new LoraConfig(rank, rankStabilised ? rank : 2 * rank, rankStabilised,
            ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]),
        SequenceTokens = 160,
        BatchTokens = 2080,
        Epochs = 1,
        LearningRate = 4e-3,
        WarmupSteps = 5,
    };
}
