using System;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Engine.Placeholder;
using Plimsoll.Inputs.Gguf;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Engine.LlamaCpp;

/// <summary>
/// Files that could end the process: each is one line instead, and the next whole file is loaded.
/// </summary>
public sealed class LlamaModelTests
{
    static readonly PlaceholderModel.Shape _small =
        new(Embedding: 32, Layers: 1, Heads: 2, KeyHeads: 1, FeedForward: 32, Merges: 10);

    [Theory]
    [InlineData("general.architecture", "moonbase", "gives moonbase.embedding_length as nothing")]
    [InlineData("general.type", "adapter", "is of the type \"adapter\"")]
    [InlineData("llama.block_count", 0u, "gives llama.block_count as 0")]
    [InlineData("llama.block_count", 9u, "llama.cpp can serve")]
    [InlineData("llama.embedding_length", 0u, "gives llama.embedding_length as 0")]
    [InlineData("llama.attention.head_count", 0u, "gives llama.attention.head_count as 0")]
    [InlineData("llama.attention.head_count_kv", 0u, "gives llama.attention.head_count_kv as 0")]
    [InlineData("llama.context_length", 0u, "gives llama.context_length as 0")]
    [InlineData("llama.feed_forward_length", 77u, "llama.cpp can serve")]
    [InlineData("tokenizer.ggml.model", "none", "has no tokenizer")]
    [InlineData("tokenizer.ggml.model", "wild", "llama.cpp can serve")]
    [InlineData("tokenizer.ggml.eos_token_id", 70_000u, "names token 70000 as its eos token")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", float.NaN, "layer_norm_rms_epsilon as NaN")]
    [InlineData("llama.attention.layer_norm_rms_epsilon", -1f, "layer_norm_rms_epsilon as -1")]
    [InlineData("llama.attention.layer_norm_epsilon", float.PositiveInfinity, "layer_norm_epsilon as Inf")]
    [InlineData("llama.rope.freq_base", float.NaN, "gives llama.rope.freq_base as NaN")]
    [InlineData("llama.rope.freq_base", 0f, "gives llama.rope.freq_base as 0")]
    [InlineData("llama.rope.freq_base", -1f, "gives llama.rope.freq_base as -1")]
    [InlineData("llama.rope.freq_base", float.PositiveInfinity, "gives llama.rope.freq_base as Inf")]
    [InlineData("llama.rope.scaling.factor", float.NaN, "gives llama.rope.scaling.factor as NaN")]
    [InlineData("llama.rope.scaling.factor", -2f, "gives llama.rope.scaling.factor as -2")]
    public void A_file_that_lies_is_refused(string key, object value, string problem)
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var path = Path.Combine(TestModel.Folder, Guid.NewGuid().ToString("N") + ".gguf");
        PlaceholderModel.Make(_small).Set(key, value).Save(path);
        var refusal = Should.Throw<BadInputException>(() => LlamaModel.Load(path).Dispose());
        refusal.Message.ShouldContain(problem);
        refusal.Message.ShouldNotContain('\n');
    }

    [Fact]
    public void Two_equal_tokens_are_refused()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var path = Path.Combine(TestModel.Folder, "equal-tokens.gguf");
        PlaceholderModel.Make(_small).Save(path);
        string[] tokens;
        using (var file = GgufFile.Open(path))
            tokens = [.. (string[])file.Metadata["tokenizer.ggml.tokens"]];
        tokens[40] = tokens[7];
        PlaceholderModel.Make(_small).Set("tokenizer.ggml.tokens", tokens).Save(path);
        Should.Throw<BadInputException>(() => LlamaModel.Load(path).Dispose())
            .Message.ShouldContain("has token 40 equal to token 7");
        tokens[40] = tokens[7] + "\0more";
        PlaceholderModel.Make(_small).Set("tokenizer.ggml.tokens", tokens).Save(path);
        Should.Throw<BadInputException>(() => LlamaModel.Load(path).Dispose())
            .Message.ShouldContain("has token 40 equal to token 7");
    }

    [Fact]
    public void A_norm_that_is_not_stored_in_F32_is_refused()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var path = Path.Combine(TestModel.Folder, "half-norm.gguf");
        PlaceholderModel.Make(_small)
            .Add("blk.9.attn_norm.weight", [32], TensorFormat.F16, new float[32]).Save(path);
        Should.Throw<BadInputException>(() => LlamaModel.Load(path).Dispose())
            .Message.ShouldContain("stores the norm \"blk.9.attn_norm.weight\" as F16, not F32");
    }

    [Fact]
    public void A_model_cut_anywhere_is_refused()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var path = Path.Combine(TestModel.Folder, "model-cut.gguf");
        PlaceholderModel.Make(_small).Save(path);
        var whole = File.ReadAllBytes(path);
        for (var length = 0; length < whole.Length - 32; length += 997)
        {
            File.WriteAllBytes(path, whole[..length]);
            Should.Throw<BadInputException>(() => LlamaModel.Load(path).Dispose(), $"cut at {length}");
        }
        File.WriteAllBytes(path, whole);
        using var model = LlamaModel.Load(path);
        model.Facts.Description.ShouldBe(PlaceholderModel.Description);
    }

    [Fact]
    public void A_model_without_tokens_or_tensors_is_refused()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var path = Path.Combine(TestModel.Folder, "bare.gguf");
        new GgufWriter("llama").Save(path);
        Should.Throw<BadInputException>(() => LlamaModel.Load(path))
            .Message.ShouldContain("holds no tensors");
        new GgufWriter("llama").Add("w", [32], TensorFormat.F32, new float[32])
            .Set("llama.embedding_length", 32u)
            .Set("llama.block_count", 1u).Set("llama.context_length", 64u).Save(path);
        Should.Throw<BadInputException>(() => LlamaModel.Load(path))
            .Message.ShouldContain("has no tokenizer");
    }

    [Fact]
    public void What_would_end_the_process_inside_libllama_is_an_exception()
    {
        using var model = TestModel.Load();
        Should.Throw<BadInputException>(() => new LlamaContext(model, new ContextOptions(512, 257, 32, 32)))
            .Message.ShouldContain("1 to 256");
        Should.Throw<BadInputException>(() => new LlamaContext(model, new ContextOptions(0, 1, 32, 32)));
        using var context = new LlamaContext(model, new ContextOptions(64, 2, 8, 8));
        // More tokens than a batch holds.
        for (var i = 0; i < 8; i++)
            context.Add(1, i, 0, false);
        Should.Throw<InvalidOperationException>(() => context.Add(1, 8, 0, false))
            .Message.ShouldContain("a batch holds 8");
        context.Decode().ShouldBeTrue();
        Should.Throw<InvalidOperationException>(() => context.Logits(0)).Message.ShouldContain("no logits");
        context.Clear();
        Should.Throw<InvalidOperationException>(() => context.Add(-1, 0, 0, false));
        Should.Throw<InvalidOperationException>(() => context.Add(model.Tokenizer.Size, 0, 0, false));
        Should.Throw<InvalidOperationException>(() => context.Add(1, 0, 2, false));
        Should.Throw<InvalidOperationException>(() => context.Add(1, 1 << 20, 0, false));
        Should.Throw<InvalidOperationException>(() => context.Trim(5, 0));
        Should.Throw<InvalidOperationException>(() => context.Save(-1));
        // An adapter that is gone, or of another model.
        var adapter =
            LlamaAdapter.Load(model, "a", TestAdapter.Save(TestAdapter.Writer(1), "gone"), () => "");
        using (var other = TestModel.Load())
        using (var stranger = new LlamaContext(other, new ContextOptions(64, 1, 8, 8)))
        {
            Should.Throw<InvalidOperationException>(() => stranger.Use(adapter))
                .Message.ShouldContain("of another model");
        }
        adapter.Dispose();
        Should.Throw<ObjectDisposedException>(() => context.Use(adapter));
    }

    /// <summary>
    /// What whole micro-batches computed stays, the rest can be computed later, to the same end.
    /// </summary>
    [Fact]
    public void An_abort_leaves_whole_tokens_and_changes_nothing()
    {
        using var model = TestModel.Load();
        using var context = new LlamaContext(model, new ContextOptions(512, 2, 128, 16));
        var prompt = TestModel.Prompt(1, 96);
        var whole = Fill(context, prompt, 0, 0);
        context.Clear();
        for (var at = 0; at < prompt.Length; at++)
            context.Add(prompt[at], at, 1, at == prompt.Length - 1);
        context.Abort();
        context.Decode().ShouldBeFalse();
        context.EndAbort();
        context.Length(1).ShouldBeInRange(0, 95);
        context.Length(0).ShouldBe(96);
        Fill(context, prompt, 1, context.Length(1)).ShouldBe(whole, 1e-2);
    }

    /// <summary>A part of a split stream cannot be copied: the whole one is, and cut.</summary>
    [Theory]
    [InlineData(KvLayout.Unified)]
    [InlineData(KvLayout.Split)]
    public void A_prefix_is_shared_in_either_layout(KvLayout layout)
    {
        using var model = TestModel.Load();
        using var context = new LlamaContext(model, new ContextOptions(1024, 4, 64, 64, Layout: layout));
        var prompt = TestModel.Prompt(1, 40);
        Fill(context, prompt, 0, 0);
        context.Share(0, 3, 30);
        context.Length(3).ShouldBe(30);
        context.Length(0).ShouldBe(40);
        var shared = Fill(context, prompt, 3, 30);
        shared.ShouldBe(Fill(context, prompt, 1, 0), 1e-2);
        var state = context.Save(3);
        context.Trim(3, 0);
        context.Length(3).ShouldBe(0);
        context.TryRestore(3, state).ShouldBeTrue();
        context.Length(3).ShouldBe(40);
        context.TryRestore(3, state.AsSpan(0, state.Length / 2)).ShouldBeFalse();
        context.Length(3).ShouldBe(0);
    }

    /// <summary>Computes a prompt from a place on; the largest logit at its end.</summary>
    static float Fill(LlamaContext context, int[] prompt, int sequence, int from)
    {
        context.Clear();
        var row = 0;
        for (var at = from; at < prompt.Length; at++)
            row = context.Add(prompt[at], at, sequence, at == prompt.Length - 1);
        context.Decode();
        return System.Numerics.Tensors.TensorPrimitives.Max(context.Logits(row));
    }

    [Fact]
    public void A_tokenizer_gives_every_text_back()
    {
        using var model = TestModel.Load();
        foreach (
            var text in new[] { "", "The load line.", "Größe 🚢 ≤ ½\n\t<|im_start|>", "\u0000\u0001",
            new string('x', 5000) })
        {
            model.Tokenizer.Decode(model.Tokenizer.Encode(text, addSpecial: false, parseSpecial: false))
                .ShouldBe(text);
        }
        model.Tokenizer.Encode("<|im_end|>", addSpecial: false).ShouldBe([model.Tokenizer.EndToken]);
        model.Tokenizer.IsEnd(model.Tokenizer.EndToken).ShouldBeTrue();
    }

    [Fact]
    public void A_part_for_a_GPU_is_taken_from_the_folder_where_there_is_one_and_must_be_one()
    {
        LlamaLibrary.Load(new LlamaLibraryOptions());
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            LlamaLibrary.LoadBackend(folder.FullName, "cuda").ShouldBeFalse();
            foreach (var name in new[] { "libggml.so", "libggml-base.so", "libggml-cpu.so" })
                File.Copy(Path.Combine(Avx2, name), Path.Combine(folder.FullName, name));
            LlamaLibrary.LoadBackend(folder.FullName, "cuda").ShouldBeFalse();
            File.WriteAllText(Path.Combine(folder.FullName, "libggml-cuda.so"), "no library");
            Should.Throw<BadInputException>(() => LlamaLibrary.LoadBackend(folder.FullName, "cuda"))
                .Message.ShouldContain("libggml-cuda.so is no backend that this ggml");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static string Avx2 => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "avx2");

    [Fact]
    public void Large_matrices_of_a_placeholder_repeat_a_part_and_no_two_rows_beside_each_other()
    {
        var shape = new PlaceholderModel.Shape(
            Embedding: 64, Layers: 1, FeedForward: 128, Vocabulary: 40_000);
        var path = Path.Combine(TestModel.Folder, Guid.NewGuid().ToString("N") + ".gguf");
        PlaceholderModel.Make(shape).Save(path);
        LlamaLibrary.Load(new LlamaLibraryOptions());
        using var model = LlamaModel.Load(path);
        model.Tokenizer.Size.ShouldBe(40_000);
        using var file = GgufFile.Open(path);
        var matrix = file.ReadFloats(file.Find("output.weight")!);
        // 64 · 40,000 numbers are above two million, of which 32 · 32,771 are drawn.
        matrix.Length.ShouldBe(2_560_000);
        matrix.AsSpan(0, 64).SequenceEqual(matrix.AsSpan(32 * 32_771, 64)).ShouldBeTrue();
        matrix.AsSpan(0, 64).SequenceEqual(matrix.AsSpan(64, 64)).ShouldBeFalse();
    }

    [Fact]
    public void A_library_of_another_release_is_refused_by_name()
    {
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            Should.Throw<BadInputException>(() => LlamaLibrary.CheckRelease(folder.FullName))
                .Message.ShouldContain("has no libggml-base.so");
            foreach (var name in new[] { "libggml-base.so", "libllama.so" })
                File.WriteAllText(Path.Combine(folder.FullName, name), "no library");
            Should.Throw<BadInputException>(() => LlamaLibrary.CheckRelease(folder.FullName))
                .Message.ShouldContain("cannot be loaded");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
