using System.Collections.Generic;
using System.Globalization;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>LLaMA-Factory's configuration and its table of datasets.</summary>
static class LlamaFactoryFiles
{
    public static IEnumerable<(string Name, string Text)> Of(TrainingSpec spec, ModelFolder model)
    {
        // Its templates are code of its own, named; only ChatML's is known to be the same text.
        if (model.Template.Source.TrimEnd('\n') != ChatTemplate.ChatMl)
        {
            throw new BadInputException("driver llama-factory: the base's chat template is none of its own; "
                + "expected ChatML, or driver axolotl or trl");
        }
        var lora = spec.Lora!;
        yield return ("train.yaml", string.Create(CultureInfo.InvariantCulture, $"""
            # spec {spec.Hash}
            stage: sft
            do_train: true
            model_name_or_path: ./base
            finetuning_type: lora
            lora_rank: {lora.Rank}
            lora_alpha: {lora.Alpha}
            lora_dropout: 0
            use_rslora: {(lora.RankStabilised ? "true" : "false")}
            lora_target: {string.Join(",", lora.Targets)}
            dataset_dir: .
            dataset: plimsoll
            template: chatml
            cutoff_len: {spec.SequenceTokens}
            packing: {(spec.Packing ? "true" : "false")}
            neat_packing: {(spec.Packing ? "true" : "false")}
            per_device_train_batch_size: 1
            gradient_accumulation_steps: {spec.BatchTokens / spec.SequenceTokens}
            num_train_epochs: {spec.Epochs}
            max_steps: {spec.MostSteps ?? -1}
            learning_rate: {spec.LearningRate}
            lr_scheduler_type: linear
            warmup_steps: {spec.WarmupSteps}
            weight_decay: {spec.WeightDecay}
            max_grad_norm: {spec.ClipNorm}
            bf16: {(spec.Precision == Precision.Bf16 ? "true" : "false")}
            seed: {spec.Seed}
            output_dir: ./adapter

            """).Replace("\r\n", "\n"));
        yield return ("dataset_info.json", """
            {
              "plimsoll": {
                "file_name": "train.jsonl",
                "formatting": "sharegpt",
                "columns": { "messages": "messages" },
                "tags": {
                  "role_tag": "role",
                  "content_tag": "content",
                  "user_tag": "user",
                  "assistant_tag": "assistant",
                  "system_tag": "system"
                }
              }
            }

            """.Replace("\r\n", "\n"));
    }
}
