using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Numerics.Tensors;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using LLama;
using LLama.Common;
using LLama.Native;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>
/// Images under the scheduler beside libmtmd's own way of reading them, with projectors of random weights.
/// </summary>
public sealed class ImageTests
{
    const string Messages = """
        [{"role": "user", "content": [{"type": "text", "text": "What is the load line of "},
        {"type": "image_url", "image_url": {"url": "data:"}}, {"type": "text", "text": " and why?"}]}]
        """;

    /// <summary>
    /// Images beside texts, cut by small steps, the same one twice, with memory for a part of them: every
    /// answer is what libmtmd and libllama alone would say.
    /// </summary>
    [Theory]
    [InlineData("mlp", 64)]
    [InlineData("gemma3", 16)]
    public async Task An_image_is_read_as_libmtmd_reads_it(string type, int imageTokens)
    {
        var path = PathOf(type);
        var limits = TestModel.Limits with { MaxNumBatchedTokens = 40, NumBlocks = 32, MaxNumSeqs = 8 };
        await using var engine = new LlamaEngine(
            TestModel.Options(limits) with { ProjectorPath = path, MicroTokens = 16 }, TimeProvider.System);
        var images = new[] { Noise(1, 40, 24), Noise(2, 24, 40), Noise(1, 40, 24), Noise(3, 32, 32) };
        var pending = new List<(ImagePixels Image, Answer Answer)>();
        foreach (var image in images)
        {
            var prompt = Prompt(engine, image);
            prompt.Images.ShouldHaveSingleItem().Count.ShouldBe(imageTokens);
            prompt.Tokens.Count(token => token < 0).ShouldBe(imageTokens);
            pending.Add((image, engine.Submit(TestModel.Request(prompt.Tokens, 24) with
            {
                Images = prompt.Images,
            })));
        }
        var texts = Enumerable.Range(0, 6).Select(i => TestModel.Prompt(i, 30)).ToList();
        var beside = texts.Select(text => engine.Submit(TestModel.Request(text, 24))).ToList();
        using var model = TestModel.Load();
        for (var i = 0; i < texts.Count; i++)
        {
            var answer = await TestModel.ReadAll(beside[i]);
            TestModel.ShouldAgreeWithLibllama(model, texts[i], [.. answer.Select(token => token.Token)]);
        }
        using var alone = new Alone(path);
        foreach (var (image, answer) in pending)
        {
            var tokens = await TestModel.ReadAll(answer);
            tokens.Count.ShouldBe(24);
            alone.ShouldAgree(image, [.. tokens.Select(token => token.Token)]);
        }
        var again = Prompt(engine, images[0]);
        var cached = engine.Submit(TestModel.Request(again.Tokens, 8) with { Images = again.Images });
        alone.ShouldAgree(images[0], [.. (await TestModel.ReadAll(cached)).Select(token => token.Token)]);
        engine.Telemetry.Preemptions.ShouldBeGreaterThan(0);
        engine.Telemetry.KvUsage.ShouldBe(0);
    }

    /// <summary>The same picture is found in the prefix cache, another one is not.</summary>
    [Theory]
    [InlineData("mlp")]
    [InlineData("gemma3")]
    public async Task The_same_image_is_computed_once(string type)
    {
        var path = PathOf(type);
        await using var engine = new LlamaEngine(
            TestModel.Options() with { ProjectorPath = path }, TimeProvider.System);
        var first = await CachedAsync(Noise(1, 40, 24));
        var other = await CachedAsync(Noise(2, 40, 24));
        var same = await CachedAsync(Noise(1, 40, 24));
        first.ShouldBe(0);
        same.ShouldBeGreaterThan(other);

        async Task<int> CachedAsync(ImagePixels image)
        {
            var prompt = Prompt(engine, image);
            var answer =
                engine.Submit(TestModel.Request(prompt.Tokens, 4) with { Images = prompt.Images });
            using var alone = new Alone(path);
            alone.ShouldAgree(image, [.. (await TestModel.ReadAll(answer)).Select(token => token.Token)]);
            return answer.CachedTokens;
        }
    }

    [Fact]
    public async Task A_model_without_a_projector_takes_no_images()
    {
        await using var engine = new LlamaEngine(TestModel.Options(), TimeProvider.System);
        engine.Codec.TakesImages.ShouldBeFalse();
        Should.Throw<EngineRefusalException>(() => Prompt(engine, Noise(1, 8, 8)))
            .Message.ShouldContain("this model takes text");
    }

    [Theory]
    [InlineData("general.architecture", "llama", "is no projector")]
    [InlineData("clip.has_vision_encoder", false, "sees no images")]
    [InlineData("clip.vision.patch_size", 0u, "clip.vision.patch_size")]
    [InlineData("clip.vision.attention.head_count", 3u, "heads that do not divide")]
    [InlineData("clip.vision.image_mean", "grey", "clip.vision.image_mean of three numbers")]
    [InlineData("clip.vision.block_count", 5u, "has no tensor v.blk.2.attn_q.weight")]
    [InlineData("clip.projector_type", "lens", "lens")]
    public void A_file_that_is_no_projector_is_refused(string key, object value, string problem)
    {
        var path = Path.Combine(TestModel.Folder, $"not-{key}.gguf");
        TestProjector.Make("mlp", TestModel.Shape.Embedding).Set(key, value).Save(path);
        Refusal(path).ShouldContain(problem);
    }

    [Fact]
    public void A_projector_of_another_model_or_cut_short_is_refused()
    {
        var path = Path.Combine(TestModel.Folder, "wide.gguf");
        TestProjector.Make("mlp", 96).Save(path);
        Refusal(path).ShouldContain("is no projector for");
        var bytes = File.ReadAllBytes(PathOf("mlp"));
        foreach (var length in new[] { 10, 200, bytes.Length / 2, bytes.Length - 40 })
        {
            File.WriteAllBytes(path, bytes[..length]);
            Refusal(path).ShouldContain(path);
        }
        Refusal(TestModel.Path).ShouldContain("is no projector");
    }

    [Fact]
    public void An_image_that_is_computed_at_once_needs_the_tokens_for_it() =>
        Should.Throw<BadInputException>(() => new LlamaEngine(
            TestModel.Options(TestModel.Limits with { MaxNumBatchedTokens = 8 }) with
            {
                ProjectorPath = PathOf("gemma3"),
            }, TimeProvider.System)).Message.ShouldContain("at least 16");

    static string Refusal(string path) => Should.Throw<BadInputException>(() => new LlamaEngine(
        TestModel.Options() with { ProjectorPath = path }, TimeProvider.System)).Message;

    static string PathOf(string type)
    {
        var path = Path.Combine(TestModel.Folder, $"{type}-{Guid.NewGuid():N}.gguf");
        TestProjector.Make(type, TestModel.Shape.Embedding).Save(path);
        return path;
    }

    static ImagePixels Noise(int seed, int width, int height)
    {
        var rgb = new byte[3 * width * height];
        new Random(seed).NextBytes(rgb);
        return new ImagePixels(width, height, rgb);
    }

    static string Rendered(LlamaEngine engine)
    {
        using var messages = JsonDocument.Parse(Messages);
        return engine.Codec.RenderChat(messages.RootElement, default, addGenerationPrompt: true);
    }

    static EncodedPrompt Prompt(LlamaEngine engine, ImagePixels image) =>
        engine.Codec.Encode(Rendered(engine), [image]);

    /// <summary>libmtmd's helper reads a prompt, libllama computes the rest, a token at a time.</summary>
    sealed class Alone : IDisposable
    {
        const string Text = "<|im_start|>user\nWhat is the load line of <__media__> and why?<|im_end|>\n"
            + "<|im_start|>assistant\n";

        readonly LLamaWeights _model;
        readonly LLamaContext _context;
        readonly SafeMtmdModelHandle _projector;

        public Alone(string projector)
        {
            var options = new ModelParams(TestModel.Path)
            {
                ContextSize = 1024, BatchSize = 512, UBatchSize = 512, Threads = 1, BatchThreads = 1,
            };
            _model = LLamaWeights.LoadFromFile(options);
            _context = new LLamaContext(_model, options);
            var parameters = MtmdContextParams.Default();
            (parameters.UseGpu, parameters.NThreads) = (false, 1);
            _projector = SafeMtmdModelHandle.LoadFromFile(projector, _model, parameters);
        }

        public void ShouldAgree(ImagePixels image, IReadOnlyList<int> answer)
        {
            _context.NativeHandle.MemoryClear();
            using var picture =
                SafeMtmdEmbed.FromRgbBytes((uint)image.Width, (uint)image.Height, image.Rgb)!;
            var past = Read(picture.DangerousGetHandle());
            var batch = new LLamaBatch();
            for (var i = 0; i < answer.Count; i++)
            {
                var logits = _context.NativeHandle.GetLogitsIth(-1);
                logits[answer[i]].ShouldBeGreaterThan(TensorPrimitives.Max(logits) - 0.02f, $"token {i}");
                batch.Clear();
                batch.Add(answer[i], past++, LLamaSeqId.Zero, true);
                _context.NativeHandle.Decode(batch).ShouldBe(DecodeResult.Ok);
            }
        }

        /// <summary>The prompt as libmtmd cuts and computes it; tokens of it.</summary>
        unsafe int Read(nint picture)
        {
            var chunks = Libmtmd.mtmd_input_chunks_init();
            var bytes = Encoding.UTF8.GetBytes(Text);
            fixed (byte* utf8 = bytes)
            {
                var text =
                    new Libmtmd.Text { Utf8 = utf8, Length = (nuint)bytes.Length, ParseSpecial = 1 };
                Libmtmd.mtmd_tokenize(_projector.DangerousGetHandle(), chunks, &text, &picture, 1)
                    .ShouldBe(0);
            }
            var past = 0;
            var count = Libmtmd.mtmd_input_chunks_size(chunks);
            for (nuint i = 0; i < count; i++)
            {
                _projector.EvaluateChunk(Libmtmd.mtmd_input_chunks_get(chunks, i), _context.NativeHandle,
                    ref past, 0, 512, i == count - 1).ShouldBe(0);
            }
            Libmtmd.mtmd_input_chunks_free(chunks);
            return past;
        }

        public void Dispose()
        {
            _projector.Dispose();
            _context.Dispose();
            _model.Dispose();
        }
    }
}
