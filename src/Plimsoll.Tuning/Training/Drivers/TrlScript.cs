using System.Globalization;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;

namespace Plimsoll.Tuning.Training.Drivers;

/// <summary>A script for TRL, supervised or DPO.</summary>
static class TrlScript
{
    // ChatML with the marks that TRL's assistant_only_loss looks for; it renders to the same text.
    const string MarkedChatMl =
        "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '<|im_start|>assistant\\n' "
            + "}}{% generation %}"
        + "{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{{ '\\n' }}{% else %}{{ '<|im_start|>' "
            + "+ message['role'] "
        + "+ '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endif %}{% endfor %}{% if "
            + "add_generation_prompt %}"
        + "{{ '<|im_start|>assistant\\n' }}{% endif %}";

    public static string Of(TrainingSpec spec, ModelFolder model)
    {
        var lora = spec.Lora!;
        var dpo = spec.Method == TrainingMethod.Dpo;
        if (!dpo && model.Template.Source.TrimEnd('\n') != ChatTemplate.ChatMl
            && !model.Template.Source.Contains("{% generation %}"))
        {
            throw new BadInputException("driver trl: the chat template has no {% generation %} marks, "
                + "without which the loss would be on every token");
        }
        var common = Settings(spec);
        var own = dpo
            ? string.Create(CultureInfo.InvariantCulture, $"    beta={spec.DpoBeta},")
            : $"    packing={(spec.Packing ? "True" : "False")},\n    assistant_only_loss=True,";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            # spec {{spec.Hash}}
            import json

            from datasets import Dataset
            from peft import LoraConfig
            from transformers import AutoTokenizer
            from trl import {{(dpo ? "DPOConfig, DPOTrainer" : "SFTConfig, SFTTrainer")}}

            tokenizer = AutoTokenizer.from_pretrained("base")
            {{(dpo ? "" : $"tokenizer.chat_template = {AxolotlFile.Quoted(Marked(model))}\n")}}rows = [json.loads(line) for line in open("train.jsonl", encoding="utf-8")]
            {{(dpo ? Preferences : "rows = [{\"messages\": row[\"messages\"]} for row in rows]")}}
            trainer = {{(dpo ? "DPOTrainer" : "SFTTrainer")}}(
                model="base",
                args={{(dpo ? "DPOConfig" : "SFTConfig")}}(
            {{Indented(common)}}
            {{Indented(own)}}
                ),
                train_dataset=Dataset.from_list(rows),
                processing_class=tokenizer,
                peft_config=LoraConfig(
                    task_type="CAUSAL_LM",
                    r={{lora.Rank}},
                    lora_alpha={{lora.Alpha}},
                    lora_dropout=0.0,
                    use_rslora={{(lora.RankStabilised ? "True" : "False")}},
                    target_modules=[{{string.Join(", ", lora.Targets.Select(t => $"\"{t}\""))}}],
                ),
            )
            trainer.train()
            trainer.save_model("adapter")

            """).Replace("\r\n", "\n");
    }

    static string Settings(TrainingSpec spec) => string.Create(CultureInfo.InvariantCulture, $"""
                output_dir="adapter",
                per_device_train_batch_size=1,
                gradient_accumulation_steps={spec.BatchTokens / spec.SequenceTokens},
                num_train_epochs={spec.Epochs},
                max_steps={spec.MostSteps ?? -1},
                learning_rate={spec.LearningRate},
                lr_scheduler_type="linear",
                warmup_steps={spec.WarmupSteps},
                weight_decay={spec.WeightDecay},
                max_grad_norm={spec.ClipNorm},
                adam_beta2=0.95,
                bf16={(spec.Precision == Precision.Bf16 ? "True" : "False")},
                seed={spec.Seed},
                max_length={spec.SequenceTokens},
            """);

    const string Preferences =
        "rows = [{\"prompt\": r[\"input\"][\"messages\"], \"chosen\": r[\"preferred_output\"], "
            + "\"rejected\": r[\"non_preferred_output\"]} for r in rows]";

    static string Marked(ModelFolder model) =>
        model.Template.Source.TrimEnd('\n') == ChatTemplate.ChatMl ? MarkedChatMl : model.Template.Source;

    static string Indented(string lines) =>
        string.Join('\n', lines.Split('\n').Select(l => "    " + l.TrimEnd('\r')));
}
