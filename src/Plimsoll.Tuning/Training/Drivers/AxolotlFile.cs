using System.Globalization;
using System.Linq;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>Axolotl's configuration.</summary>
static class AxolotlFile
{
    public static string Of(TrainingSpec spec, ModelFolder model)
    {
        var lora = spec.Lora!;
        return string.Create(CultureInfo.InvariantCulture, $"""
            # spec {spec.Hash}
            base_model: ./base
            adapter: lora
            lora_r: {lora.Rank}
            lora_alpha: {lora.Alpha}
            lora_dropout: 0
            peft_use_rslora: {(lora.RankStabilised ? "true" : "false")}
            lora_target_modules: [{string.Join(", ", lora.Targets)}]
            chat_template: jinja
            chat_template_jinja: {Quoted(model.Template.Source)}
            datasets:
              - path: ./{DriverFiles.DataFile}
                ds_type: json
                type: chat_template
                field_messages: messages
                roles_to_train: [assistant]
                train_on_eos: turn
            sequence_len: {spec.SequenceTokens}
            sample_packing: {(spec.Packing ? "true" : "false")}
            micro_batch_size: 1
            gradient_accumulation_steps: {spec.BatchTokens / spec.SequenceTokens}
            num_epochs: {spec.Epochs}
            {(spec.MostSteps is { } steps ? $"max_steps: {steps.ToString(CultureInfo.InvariantCulture)}\n" : "")}optimizer: adamw_torch
            adam_beta2: 0.95
            learning_rate: {spec.LearningRate}
            lr_scheduler: linear
            warmup_steps: {spec.WarmupSteps}
            weight_decay: {spec.WeightDecay}
            max_grad_norm: {spec.ClipNorm}
            bf16: {(spec.Precision == Precision.Bf16 ? "true" : "false")}
            seed: {spec.Seed}
            output_dir: ./adapter

            """).Replace("\r\n", "\n");
    }

    internal static string Quoted(string text) => "\"" + string.Concat(text.Select(c => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\n' => "\\n",
        '\t' => "\\t",
        _ => c.ToString(),
    })) + "\"";
}
