using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tuning.Formats;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class ConversionTests
{
    [Theory]
    [InlineData(Architecture.Llama)]
    [InlineData(Architecture.Qwen2)]
    [InlineData(Architecture.Qwen3)]
    public async Task A_model_and_its_adapter_come_back_from_gguf(Architecture architecture)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var path = tiny.Model(architecture);
        var job = tiny.Job(path, tiny.Conversations(20), folder.In("adapter"), s => s with { MostSteps = 2 });
        await tiny.TrainAsync(job);
        using var model = ModelFolder.Open(path);
        GgufExport.Model(model, null, TensorFormat.F32, "tiny").Save(folder.In("base.gguf"));
        GgufExport.Adapter(model, job.OutputFolder, "adapter").Save(folder.In("adapter.gguf"));
        using var gguf = GgufFile.Open(folder.In("base.gguf"));
        using var adapter = GgufFile.Open(folder.In("adapter.gguf"));
        AdapterIdentity.Check(gguf, adapter);
        GgufImport.Model(gguf, folder.In("back"));
        using var back = ModelFolder.Open(folder.In("back"));
        back.WeightHash().ShouldBe(model.WeightHash());
        back.TokenizerHash.ShouldBe(model.TokenizerHash);
        back.Template.Hash.ShouldBe(model.Template.Hash);
        GgufImport.Adapter(adapter, model, folder.In("adapter-back"));
        using var first = new Safetensors(Path.Combine(job.OutputFolder, PeftAdapter.WeightsFile));
        using var second = new Safetensors(folder.In($"adapter-back/{PeftAdapter.WeightsFile}"));
        foreach (var name in first.Names)
            second.Read(name).ToFloats().ShouldBe(first.Read(name).ToFloats());
        second.Names.Count().ShouldBe(first.Names.Count());
    }

    [Fact]
    public async Task An_adapter_on_another_base_of_the_same_shape_is_refused()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var path = tiny.Model(Architecture.Llama);
        var job = tiny.Job(path, tiny.Conversations(20), folder.In("adapter"), s => s with { MostSteps = 1 });
        await tiny.TrainAsync(job);
        var other = folder.In("other");
        Directory.CreateDirectory(other);
        foreach (var file in Directory.GetFiles(path))
            File.Copy(file, Path.Combine(other, Path.GetFileName(file)));
        var weights = File.ReadAllBytes(Path.Combine(other, ModelFolder.WeightsFile));
        weights[^2] ^= 1;
        File.WriteAllBytes(Path.Combine(other, ModelFolder.WeightsFile), weights);
        using var model = ModelFolder.Open(path);
        using var changed = ModelFolder.Open(other);
        Should.Throw<BadInputException>(() => GgufExport.Adapter(changed, job.OutputFolder, "x"))
            .Message.ShouldContain("other weights");
        GgufExport.Model(changed, null, TensorFormat.Q8_0, "x").Save(folder.In("other.gguf"));
        GgufExport.Adapter(model, job.OutputFolder, "x").Save(folder.In("adapter.gguf"));
        using var gguf = GgufFile.Open(folder.In("other.gguf"));
        using var adapter = GgufFile.Open(folder.In("adapter.gguf"));
        Should.Throw<BadInputException>(() => AdapterIdentity.Check(gguf, adapter))
            .Message.ShouldContain("other weights");
    }

    [Theory]
    [InlineData("use_dora", "true", "DoRA")]
    [InlineData("modules_to_save", """["embed_tokens"]""", "modules_to_save")]
    [InlineData("rank_pattern", """{"q_proj":8}""", "rank_pattern")]
    [InlineData("peft_type", "\"LOHA\"", "LOHA")]
    [InlineData("bias", "\"all\"", "bias")]
    public void What_engines_would_drop_is_refused_by_name(string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        var config = JsonNode.Parse(PeftAdapter.WriteConfig(
            new LoraConfig(4, 8, false, ["q_proj"]), "base"))!;
        config[key] = JsonNode.Parse(value);
        folder.Write(PeftAdapter.ConfigFile, config.ToJsonString());
        Should.Throw<BadInputException>(() => PeftAdapter.ReadConfig(folder.Path))
            .Message.ShouldContain(expected);
    }

    [Fact]
    public void A_rank_stabilised_scale_survives_a_reader_that_divides_by_the_rank()
    {
        var lora = new LoraConfig(16, 32, RankStabilised: true, ["q_proj"]);
        (lora.PlainAlpha / lora.Rank).ShouldBe(32 / 4.0, 1e-12);
    }

    [Theory]
    [InlineData("model_type", "\"mamba\"", "model_type mamba")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","factor":4}""", "rope scaling yarn")]
    [InlineData("use_sliding_window", "true", "use_sliding_window")]
    public void Arithmetic_that_is_not_known_is_refused(string key, string value, string expected)
    {
        using var folder = new TemporaryFolder();
        var config = JsonNode.Parse("""
            {"model_type":"qwen2","vocab_size":10,"hidden_size":8,"num_hidden_layers":1,"num_attention_heads":2,
            "intermediate_size":8,"max_position_embeddings":64}
            """)!;
        ModelConfig.Read(folder.Write("config.json", config.ToJsonString())).HeadSize.ShouldBe(4);
        config[key] = JsonNode.Parse(value);
        Should.Throw<BadInputException>(() =>
            ModelConfig.Read(folder.Write("config.json", config.ToJsonString())))
            .Message.ShouldContain(expected);
    }
}
