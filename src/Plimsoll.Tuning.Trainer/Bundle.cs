using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using TorchSharp;

namespace Plimsoll.Tuning.Trainer;

/// <summary>
/// What comes of a run: a PEFT folder, or a whole model. It appears at its place complete or not at all.
/// </summary>
static class Bundle
{
    public const string SpecFile = "plimsoll_spec.json";

    public static void Write(
        TrainerJob job, ModelFolder model, LoraWeights? lora, SortedDictionary<string, torch.Tensor> trained)
    {
        var temporary = job.OutputFolder.TrimEnd('/') + ".partial";
        try
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            Directory.CreateDirectory(temporary);
            // Names the base by its weights: an adapter on another base of the same shape is
            // garbage without an error.
            var metadata = new Dictionary<string, string>
            {
                ["format"] = "pt",
                ["plimsoll.base_weights_sha256"] = job.Spec.BaseHash,
                ["plimsoll.spec_sha256"] = job.Spec.Hash,
                ["plimsoll.template_sha256"] = job.Spec.TemplateHash,
                ["plimsoll.tokenizer_sha256"] = job.Spec.TokenizerHash,
            };
            if (lora is null)
            {
                ModelFolder.WriteParts(temporary, model.Config, model.Tokenizer, model.Template.Source);
            }
            else
            {
                File.WriteAllText(Path.Combine(temporary, PeftAdapter.ConfigFile),
                    PeftAdapter.WriteConfig(lora.Config, job.Spec.BaseHash));
            }
            using (var stream = File.Create(Path.Combine(
                temporary, lora is null ? ModelFolder.WeightsFile : PeftAdapter.WeightsFile)))
            {
                Safetensors.Write(stream, trained.Select(p => Weights.Save(p.Key, p.Value)), metadata);
            }
            File.WriteAllText(Path.Combine(temporary, SpecFile), CanonicalJson.Of(job.Spec) + "\n");
            if (Directory.Exists(job.OutputFolder))
                Directory.Delete(job.OutputFolder, recursive: true);
            Directory.Move(temporary, job.OutputFolder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{job.OutputFolder}: cannot be written ({e.Message.TrimEnd('.')}); "
                + "expected a writable folder");
        }
    }
}
