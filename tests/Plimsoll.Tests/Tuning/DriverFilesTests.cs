using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Drivers;
using Shouldly;
using Xunit;
using YamlDotNet.Serialization;

namespace Plimsoll.Tests.Tuning;

public sealed class DriverFilesTests
{
    static readonly TrainingOptions _options =
        new() { Rank = 8, RankStabilised = true, Epochs = 2, Targets = ["q_proj", "v_proj"] };

    [Fact]
    public void Axolotl_is_told_what_the_spec_says()
    {
        var yaml = Yaml(Files("axolotl")["axolotl.yaml"]);
        yaml["lora_r"].ShouldBe("8");
        yaml["lora_alpha"].ShouldBe("16");
        yaml["peft_use_rslora"].ShouldBe("true");
        yaml["sequence_len"].ShouldBe("256");
        yaml["gradient_accumulation_steps"].ShouldBe("8");
        yaml["num_epochs"].ShouldBe("2");
        ((string)yaml["chat_template_jinja"]).ShouldBe(Plimsoll.Tuning.Datasets.ChatTemplate.ChatMl);
    }

    [Fact]
    public void Llama_factory_and_its_dataset_agree()
    {
        var files = Files("llama-factory");
        var yaml = Yaml(files["train.yaml"]);
        yaml["lora_target"].ShouldBe("q_proj,v_proj");
        yaml["template"].ShouldBe("chatml");
        files["dataset_info.json"].ShouldContain($"\"{yaml["dataset"]}\"");
    }

    [Fact]
    public void Trl_learns_the_answers_only_and_renders_the_same_text()
    {
        var script = Files("trl")["train.py"];
        script.ShouldContain("assistant_only_loss=True");
        script.ShouldContain("{% generation %}");
        script.ShouldContain("use_rslora=True");
        script.ShouldContain("target_modules=[\"q_proj\", \"v_proj\"]");
        Files("trl", _options with { Method = TrainingMethod.Dpo })["train.py"].ShouldContain("beta=0.1");
    }

    [Fact]
    public void Clusters_get_the_script_and_what_starts_it()
    {
        Files("slurm")["train.sbatch"].ShouldStartWith("#!/bin/bash\n#SBATCH --job-name=plimsoll-");
        var job = Files("kubeflow")["trainjob.yaml"];
        job.ShouldContain("apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob");
        job.ShouldContain("name: torch-distributed");
        Yaml(job)["kind"].ShouldBe("TrainJob");
    }

    [Fact]
    public void A_driver_that_is_not_known_is_refused()
    {
        Should.Throw<BadInputException>(() => Files("horovod"))
            .Message.ShouldContain("expected embedded, hosted, axolotl");
        Should.Throw<BadInputException>(() => Files("axolotl", _options with { Method = TrainingMethod.Dpo }))
            .Message.ShouldContain("driver trl");
    }

    static System.Collections.Generic.Dictionary<string,
        string> Files(string driver, TrainingOptions? options = null)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var model = ModelFolder.Open(tiny.Model(Architecture.Llama));
        var data = tiny.Conversations(2);
        var spec = (options ?? _options).SpecFor(model, data, initialAdapter: null);
        return DriverFiles.For(driver, spec, model, data)
            .ToDictionary(f => f.Name, f => Encoding.UTF8.GetString(f.Content));
    }

    static System.Collections.Generic.Dictionary<string, object> Yaml(string text) =>
        new DeserializerBuilder().Build().Deserialize<System.Collections.Generic.Dictionary<string,
            object>>(new StringReader(text));
}
