using System.IO;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// Nothing is trained on what was not meant to be: every hash of the spec is held to what lies on disk.
/// </summary>
static class JobCheck
{
    public static void Verify(TrainerJob job, ModelFolder model)
    {
        var spec = job.Spec;
        if (!model.HasWeights && spec.Method != TrainingMethod.Pretrain)
            throw new BadInputException($"{job.BaseFolder}: no weights; expected {ModelFolder.WeightsFile}");
        Same(spec.BaseHash, model.HasWeights ? model.WeightHash() : NoWeights,
            $"{job.BaseFolder}: the base's weights");
        Same(spec.TokenizerHash, model.TokenizerHash, $"{job.BaseFolder}: the tokenizer");
        Same(spec.TemplateHash, model.Template.Hash, $"{job.BaseFolder}: the chat template");
        Same(spec.DatasetHash, CanonicalJson.HashOfBytes(Bytes(job.DatasetFile)),
            $"{job.DatasetFile}: the dataset");
        if (job.InitialAdapterFolder is { } adapter)
        {
            var weights = Path.Combine(adapter, PeftAdapter.WeightsFile);
            Same(spec.InitialAdapterHash ?? "none", CanonicalJson.HashOfBytes(Bytes(weights)),
                $"{adapter}: the initial adapter");
        }
        else if (spec.InitialAdapterHash is not null)
        {
            throw new BadInputException("job: the spec names an initial adapter; expected "
                + "initial_adapter_folder");
        }
        if (spec.SequenceTokens > model.Config.ContextTokens)
        {
            throw new BadInputException($"training spec: sequence_tokens {spec.SequenceTokens}; "
                + $"expected at most the model's context of {model.Config.ContextTokens}");
        }
    }

    /// <summary>What stands for the base of a model that is drawn from its seed.</summary>
    public const string NoWeights = "none";

    static void Same(string expected, string found, string what)
    {
        if (expected != found)
            throw new BadInputException($"{what} hash to {found}; the spec names {expected}");
    }

    static byte[] Bytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (System.Exception e) when (e is IOException or System.UnauthorizedAccessException)
        {
            throw new BadInputException($"{path}: {e.Message.TrimEnd('.')}; expected a file");
        }
    }
}
