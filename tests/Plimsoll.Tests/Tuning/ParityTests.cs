using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Scheduling;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Tests.Engine.LlamaCpp;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

/// <summary>
/// The trainer against the deployed engine: what one says, the other says, token for token.
/// </summary>
public sealed class ParityTests
{
    const int AnswerTokens = 8;

    static readonly SchedulerOptions _limits =
        TestModel.Limits with { NumBlocks = 512, PrefixBlockTokens = 0 };

    [Theory]
    [InlineData(Architecture.Llama, TensorFormat.F32)]
    [InlineData(Architecture.Llama, TensorFormat.F16)]
    [InlineData(Architecture.Qwen2, TensorFormat.F32)]
    [InlineData(Architecture.Qwen2, TensorFormat.F16)]
    [InlineData(Architecture.Qwen3, TensorFormat.F32)]
    [InlineData(Architecture.Qwen3, TensorFormat.F16)]
    public async Task Engine_and_trainer_agree_with_an_adapter_beside_and_within_the_base(
        Architecture architecture, TensorFormat format)
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var path = tiny.Model(architecture, format: format);
        var job = tiny.Job(path, tiny.Conversations(40), folder.In("adapter"),
            s => s with { MostSteps = 6, Lora = s.Lora! with { RankStabilised = true } });
        await tiny.TrainAsync(job);
        using var model = ModelFolder.Open(path);
        var prompts = Prompts(model, 200);
        var plain = await tiny.AnswersAsync(path, null, prompts, AnswerTokens);
        var tuned = await tiny.AnswersAsync(path, job.OutputFolder, prompts, AnswerTokens);
        plain.Zip(tuned).Count(p => !p.First.Tokens.SequenceEqual(p.Second.Tokens)).ShouldBeGreaterThan(100);
        GgufExport.Model(model, null, format, "tiny").Save(folder.In("base.gguf"));
        GgufExport.Model(model, job.OutputFolder, format, "tiny").Save(folder.In("merged.gguf"));
        GgufExport.Adapter(model, job.OutputFolder, "tuned").Save(folder.In("adapter.gguf"));
        async Task Same(List<GreedyAnswer> trainer, string file, string? adapter)
        {
            var found = Verdict(model, prompts, trainer, await EngineAsync(folder.In(file), adapter, prompts),
                rounded: format == TensorFormat.F16);
            Is(GateVerdict.Passed, found);
            // No answer parts where the trainer itself was not in two minds.
            ((int)found.Facts["identical"]! + (int)found.Facts["ties"]!).ShouldBe(200, found.Evidence);
        }
        await Same(plain, "base.gguf", null);
        await Same(tuned, "base.gguf", folder.In("adapter.gguf"));
        await Same(tuned, "merged.gguf", null);
    }

    [Fact]
    public async Task Planted_faults_are_seen()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var path = tiny.Model(Architecture.Llama);
        var job = tiny.Job(path, tiny.Conversations(40), folder.In("adapter"),
            s => s with { MostSteps = 6, Lora = s.Lora! with { Rank = 16, RankStabilised = true } });
        await tiny.TrainAsync(job);
        using var model = ModelFolder.Open(path);
        var prompts = Prompts(model, 40);
        var plain = await tiny.AnswersAsync(path, null, prompts, AnswerTokens);
        var tuned = await tiny.AnswersAsync(path, job.OutputFolder, prompts, AnswerTokens);
        GgufExport.Model(model, null, TensorFormat.F32, "tiny").Save(folder.In("base.gguf"));
        GgufExport.Adapter(model, job.OutputFolder, "tuned").Save(folder.In("adapter.gguf"));

        // Rows of Q and K as Hugging Face has them.
        using (var whole = GgufFile.Open(folder.In("base.gguf")))
        {
            Changed(whole, (tensor, values) => tensor.Contains("attn_q.") ? GgufNames.Unpermute(values, 64, 4)
                : tensor.Contains("attn_k.") ? GgufNames.Unpermute(values, 32, 2) : values)
                    .Save(folder.In("unpermuted.gguf"));
        }
        Is(GateVerdict.Failed, Verdict(model, prompts, plain,
            await EngineAsync(folder.In("unpermuted.gguf"), null, prompts)));

        // alpha as it stands, where rsLoRA's reader divides by the rank and not by its root.
        using (var adapter = GgufFile.Open(folder.In("adapter.gguf")))
        {
            Changed(adapter, (_, values) => values).Set("adapter.lora.alpha", (float)job.Spec.Lora!.Alpha)
                .Save(folder.In("unscaled.gguf"));
        }
        Is(GateVerdict.Failed, Verdict(model, prompts, tuned,
            await EngineAsync( folder.In("base.gguf"), folder.In("unscaled.gguf"), prompts)));

        // A template that leaves out the mark before the answer.
        var other = prompts.ConvertAll(p => p[..^3]);
        Is(GateVerdict.Failed, Verdict(model, prompts, plain,
            await EngineAsync(folder.In("base.gguf"), null, other)));
    }

    [Fact]
    public async Task A_deployed_model_that_misses_its_end_is_named()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var path = tiny.Model(Architecture.Llama);
        var job = tiny.Job(path, tiny.Conversations(200), folder.In("adapter"),
            s => s with { MostSteps = 40, LearningRate = 1e-2, Lora = s.Lora! with { Rank = 16 } });
        await tiny.TrainAsync(job);
        using var model = ModelFolder.Open(path);
        var prompts = Prompts(model, 40);
        var tuned = await tiny.AnswersAsync(path, job.OutputFolder, prompts, AnswerTokens);
        tuned.Count(a => model.Config.EndTokens.Contains(a.Tokens[^1])).ShouldBeGreaterThan(20);
        GgufExport.Model(model, job.OutputFolder, TensorFormat.F32, "tiny").Save(folder.In("merged.gguf"));
        Is(GateVerdict.Passed, Verdict(model, prompts, tuned,
            await EngineAsync(folder.In("merged.gguf"), null, prompts)));
        using (var whole = GgufFile.Open(folder.In("merged.gguf")))
        {
            // The end of a turn is a token like any other, and the model's end is one that never comes.
            var tokens = ((string[])whole.Metadata["tokenizer.ggml.tokens"]).ToArray();
            foreach (var end in model.Config.EndTokens)
                tokens[end] = $"<|unused{end}|>";
            Changed(whole, (_, values) => values).Set("tokenizer.ggml.tokens", tokens)
                .Set("tokenizer.ggml.eos_token_id", 0u).Save(folder.In("endless.gguf"));
        }
        var found = Verdict(
            model, prompts, tuned, await EngineAsync(folder.In("endless.gguf"), null, prompts));
        Is(GateVerdict.Failed, found);
        found.Evidence.ShouldContain("runs on past the end");
    }

    [Fact]
    public async Task Llama_cpp_gives_the_tokenizers_ids()
    {
        using var folder = new TemporaryFolder();
        using var model = ModelFolder.Open(new TinyJob(folder).Model(Architecture.Llama));
        GgufExport.Model(model, null, TensorFormat.F32, "tiny").Save(folder.In("base.gguf"));
        await using var engine = Engine(folder.In("base.gguf"));
        string[] texts = ["it's the mark", " don't we'll  see\n\n\nit ", "1,234 tons 56", "漢字 é ü 𝐀𝟘",
            "a\u00a0b\u3000c", "\t\ttabs \r\n", "'S 'Re", ""];
        foreach (var text in texts)
        {
            string.Join(' ', engine.Codec.Encode(text, addSpecial: false))
                .ShouldBe(string.Join(' ', model.Tokenizer.Encode(text, specials: true)), text);
        }
    }

    static void Is(GateVerdict expected, GateOutcome found)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(found.Evidence);
        found.Verdict.ShouldBe(expected, found.Evidence);
    }

    static GateOutcome Verdict(ModelFolder model, List<int[]> prompts, List<GreedyAnswer> trainer,
        List<int[]> engine, bool rounded = false)
    {
        var examples = prompts.Select((p, i) => ParityExample.Of(
            model.Tokenizer.Decode(p, specials: true), trainer[i], engine[i], model.Config.EndTokens))
                .ToList();
        return Gates.Parity(examples, rounded, needed: prompts.Count);
    }

    static List<int[]> Prompts(ModelFolder model, int count) =>
        [.. Enumerable.Range(0, count).Select(
            i => model.Renderer.Prompt([new ChatMessage("user", $"is it {i * 17} tons in the {i} water")],
            null))];

    static LlamaEngine Engine(string path) => new(
        TestModel.Options(_limits) with { Path = path, MicroTokens = 128, Speculates = false },
            TimeProvider.System);

    static async Task<List<int[]>> EngineAsync(string path, string? adapter, List<int[]> prompts)
    {
        await using var engine = Engine(path);
        if (adapter is not null)
            await engine.LoadAdapterAsync("tuned", adapter, TestContext.Current.CancellationToken);
        var answers = prompts.ConvertAll(p => engine.Submit(new EngineRequest
        {
            Prompt = p,
            MaxOutputTokens = AnswerTokens,
            Sampling = new SamplingOptions { Temperature = 0 },
            Adapter = adapter is null ? null : "tuned",
            Tenant = "t",
        }));
        var tokens = new List<int[]>();
        foreach (var answer in answers)
            tokens.Add([.. (await TestModel.ReadAll(answer)).Select(t => t.Token)]);
        return tokens;
    }

    static GgufWriter Changed(GgufFile file, Func<string, float[], float[]> change)
    {
        var writer = new GgufWriter(file.Architecture!).SetAll(file.Metadata);
        foreach (var tensor in file.Tensors)
        {
            writer.Add(tensor.Name, [.. tensor.Shape], tensor.Format,
                change(tensor.Name, file.ReadFloats(tensor)));
        }
        return writer;
    }
}
