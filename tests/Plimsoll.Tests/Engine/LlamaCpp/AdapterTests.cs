using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Gguf;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

public sealed class AdapterTests
{
    [Fact]
    public async Task Adapters_answer_side_by_side_each_as_it_would_alone()
    {
        var paths = Enumerable.Range(1, 3)
            .Select(i => TestAdapter.Save(TestAdapter.Writer(i, rank: 2 * i), $"side{i}")).ToList();
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        for (var i = 0; i < 3; i++)
            await engine.LoadAdapterAsync($"a{i}", paths[i], TestContext.Current.CancellationToken);
        var prompt = TestModel.Prompt(5, 40);
        var answers = Enumerable.Range(0, 16).Select(i => (Adapter: i % 4, Answer: engine.Submit(
            TestModel.Request(prompt, 12) with { Adapter = i % 4 == 3 ? null : $"a{i % 4}" }))).ToList();
        using var model = TestModel.Load();
        var said = new HashSet<string>();
        foreach (var (adapter, answer) in answers)
        {
            int[] tokens = [.. (await TestModel.ReadAll(answer)).Select(token => token.Token)];
            using var alone = adapter == 3 ? null : LlamaAdapter.Load(model, "x", paths[adapter], () => "");
            TestModel.ShouldAgreeWithLibllama(model, prompt, tokens, alone);
            said.Add(string.Join(' ', tokens));
        }
        said.Count.ShouldBeGreaterThanOrEqualTo(4);
    }

    [Fact]
    public async Task An_adapter_is_unloaded_after_its_last_request()
    {
        var path = TestAdapter.Save(TestAdapter.Writer(9), "leaving");
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        await engine.LoadAdapterAsync("a", path, TestContext.Current.CancellationToken);
        var running = engine.Submit(TestModel.Request(TestModel.Prompt(1, 20), 200) with { Adapter = "a" });
        var unloading = engine.UnloadAdapterAsync("a", TestContext.Current.CancellationToken).AsTask();
        engine.Submit(TestModel.Request([1], 1) with { Adapter = "a" })
            .Refusal!.Kind.ShouldBe(RefusalKind.NotFound);
        engine.Adapters.ShouldBeEmpty();
        (await TestModel.ReadAll(running)).Count.ShouldBe(200);
        (await unloading).ShouldBeTrue();
        (await engine.UnloadAdapterAsync("a", TestContext.Current.CancellationToken)).ShouldBeFalse();
        await engine.LoadAdapterAsync("a", path, TestContext.Current.CancellationToken);
        (await TestModel.ReadAll(engine.Submit(TestModel.Request([1, 2], 3) with { Adapter = "a" })))
            .Count.ShouldBe(3);
    }

    [Fact]
    public async Task An_adapter_that_does_not_fit_is_refused_and_the_engine_lives()
    {
        string hash;
        using (var file = GgufFile.Open(TestModel.Path))
            hash = file.WeightHash();
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        await Refused(TestAdapter.Writer(1, architecture: "qwen2"), "is for the architecture \"qwen2\"");
        await Refused(TestAdapter.Writer(1, baseHash: new string('0', 64)), "was trained on weights 0000");
        await Refused(TestAdapter.Writer(1, width: 96), "does not fit");
        await Refused(TestAdapter.Writer(1).Set("adapter.type", "control_vector"), "is no LoRA adapter");
        await Refused(
            TestAdapter.Writer(1)
            .Add("blk.9.attn_q.weight.lora_a", [64, 4], TensorFormat.F32, new float[256]), "has no partner");
        await Refused(Pair("blk.0.attn_k.weight", 8, 8), "has rank 4 in one tensor and 8");
        await Refused(Pair("blk.0.attn_k.weight", 4, 8), "has two ranks");
        await Refused(Pair("blk.7.attn_k.weight", 4, 4), "does not fit");
        await Refused(
            TestAdapter.Writer(1).Add("token_types", [4], TensorFormat.F32, new float[4]),
            "neither a lora_a nor a lora_b");
        await RefusedFile(TestModel.Path, "is no LoRA adapter");
        await RefusedFile(Path.Combine(TestModel.Folder, "absent.gguf"), "cannot be read");
        await engine.LoadAdapterAsync(
            "bound", TestAdapter.Save(TestAdapter.Writer(2, baseHash: hash), "bound"),
            TestContext.Current.CancellationToken);
        await RefusedFile(TestModel.Path, "already been loaded", "bound");
        (await TestModel.ReadAll(engine.Submit(TestModel.Request([1, 2], 3) with { Adapter = "bound" })))
            .Count.ShouldBe(3);

        GgufWriter Pair(string name, int rankA, int rankB) => TestAdapter.Writer(1)
            .Add(name + ".lora_a", [64, rankA], TensorFormat.F32, new float[64 * rankA])
            .Add(name + ".lora_b", [rankB, 32], TensorFormat.F32, new float[32 * rankB]);

        Task Refused(GgufWriter writer, string problem) =>
            RefusedFile(TestAdapter.Save(writer, Guid.NewGuid().ToString("N")), problem);

        async Task RefusedFile(string path, string problem, string name = "x")
        {
            var refusal =
                await Should.ThrowAsync<EngineRefusalException>(
                async () => await engine.LoadAdapterAsync(name, path, default));
            refusal.Message.ShouldContain(problem);
            refusal.Message.ShouldNotContain('\n');
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(-1e30f)]
    [InlineData(1.1e6f)]
    public void An_adapter_of_absurd_weights_is_refused(float weight)
    {
        using var model = TestModel.Load();
        var numbers = new float[64 * 4];
        numbers[100] = weight;
        var path = TestAdapter.Save(
            TestAdapter.Writer(1).Add("blk.0.attn_k.weight.lora_a", [64, 4], TensorFormat.F32, numbers)
                .Add("blk.0.attn_k.weight.lora_b", [4, 64], TensorFormat.F32, new float[256]), "absurd");
        Should.Throw<BadInputException>(() => LlamaAdapter.Load(model, "x", path, () => "").Dispose())
            .Message.ShouldContain("holds the weight");
    }

    [Fact]
    public async Task An_adapter_named_as_the_model_is_refused()
    {
        var path = TestAdapter.Save(TestAdapter.Writer(4), "namesake");
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        (await Should.ThrowAsync<EngineRefusalException>(
            async () => await engine.LoadAdapterAsync("tiny", path, default)))
            .Message.ShouldContain("has the name of the model");
        engine.Adapters.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_answer_of_no_finite_logits_fails(bool guided)
    {
        var path = Path.Combine(TestModel.Folder, $"broken-{guided}.gguf");
        File.Copy(TestModel.Path, path, overwrite: true);
        long offset;
        using (var file = GgufFile.Open(path))
            offset = file.Find("output_norm.weight")!.Offset;
        using (var stream = File.OpenWrite(path))
        {
            stream.Position = offset;
            for (var i = 0; i < 64; i++)
                stream.Write(BitConverter.GetBytes(float.NaN));
        }
        await using var engine =
            new LlamaEngine(TestModel.Options() with { Path = path }, TimeProvider.System);
        var request = TestModel.Request([1, 2], 3);
        if (guided)
            request = request with { Format = new AnswerFormat(null, "root ::= [a-z]+") };
        var end = (await TestModel.ReadAll(engine.Submit(request))).ShouldHaveSingleItem();
        end.Finish.ShouldBe(FinishReason.Failed);
        end.Text.ShouldContain("no finite logits");
    }

    [Fact]
    public void An_adapter_cut_anywhere_is_refused()
    {
        using var model = TestModel.Load();
        var whole = File.ReadAllBytes(TestAdapter.Save(TestAdapter.Writer(3), "whole"));
        var path = Path.Combine(TestModel.Folder, "cut.gguf");
        for (var length = 0; length < whole.Length; length += length < 1500 ? 37 : 1511)
        {
            File.WriteAllBytes(path, whole[..length]);
            Should.Throw<BadInputException>(
                () => LlamaAdapter.Load(model, "x", path, () => "").Dispose(), $"cut at {length}");
        }
    }
}
