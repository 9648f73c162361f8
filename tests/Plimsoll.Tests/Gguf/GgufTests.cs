using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Inputs.Gguf;
using Plimsoll.Engine.Placeholder;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Gguf;

public sealed class GgufTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("plimsoll-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_written_is_read_back()
    {
        var numbers = Enumerable.Range(0, 128).Select(i => i / 7f - 9).ToArray();
        var writer = new GgufWriter("test")
            .Set("a.byte", (byte)200).Set("a.sbyte", (sbyte)-3).Set("a.ushort", (ushort)60000)
            .Set("a.short", (short)-30000).Set("a.uint", 4_000_000_000u).Set("a.int", -5)
            .Set("a.ulong", ulong.MaxValue).Set("a.long", long.MinValue).Set("a.float", 1.5f)
            .Set("a.double", Math.PI).Set("a.bool", true).Set("a.text", "Größe ✓")
            .Set("a.texts", new[] { "", "b" }).Set("a.bools", new[] { true, false })
            .Set("a.nested", new object[] { new[] { 1, 2 }, new[] { 3 } })
            .Add("f32", [64, 2], TensorFormat.F32, numbers)
            .Add("q8", [64, 2], TensorFormat.Q8_0, numbers);
        using var file = Reopened(writer);
        file.Architecture.ShouldBe("test");
        file.Number("a.byte").ShouldBe(200);
        file.Number("a.ulong").ShouldBeNull();
        file.Number("a.long").ShouldBe(long.MinValue);
        file.Metadata["a.float"].ShouldBe(1.5f);
        file.Metadata["a.double"].ShouldBe(Math.PI);
        file.Metadata["a.bool"].ShouldBe(true);
        file.Text("a.text").ShouldBe("Größe ✓");
        file.Metadata["a.texts"].ShouldBe(new[] { "", "b" });
        file.Metadata["a.bools"].ShouldBe(new[] { true, false });
        ((object[])file.Metadata["a.nested"])[1].ShouldBe(new[] { 3 });
        file.Find("f32")!.Shape.ShouldBe([64L, 2L]);
        file.ReadFloats(file.Find("f32")!).ShouldBe(numbers);
        var read = file.ReadFloats(file.Find("q8")!);
        for (var i = 0; i < numbers.Length; i++)
            read[i].ShouldBe(numbers[i], 10.0 / 127);
    }

    /// <summary>Cut after any byte, the file is refused with one line.</summary>
    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        var whole = Bytes(new GgufWriter("test").Set("texts", new[] { "one", "two" }).Set("n", 7)
            .Set("nested", new object[] { new[] { 1L } })
            .Add("w", [32, 2], TensorFormat.Q8_0, new float[64]).Add("v", [3], TensorFormat.F32, [1, 2, 3]));
        var path = Path.Combine(_folder, "cut.gguf");
        // The last tensor ends before the padding that follows it.
        for (var length = 0; length < whole.Length - 20; length++)
        {
            File.WriteAllBytes(path, whole[..length]);
            var refusal =
                Should.Throw<BadInputException>(() => GgufFile.Open(path).Dispose(), $"cut at {length}");
            refusal.Message.ShouldStartWith(path);
            refusal.Message.ShouldNotContain('\n');
        }
    }

    /// <summary>
    /// Whatever bytes are changed, reading ends in a file or in one line, never in another exception.
    /// </summary>
    [Fact]
    public void A_damaged_file_is_read_or_refused()
    {
        var whole = Bytes(new GgufWriter("test").Set("texts", new[] { "one", "two" }).Set("n", 7)
            .Add("w", [32, 2], TensorFormat.Q8_0, new float[64]));
        var path = Path.Combine(_folder, "damaged.gguf");
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 4].Sample(changes =>
        {
            var bytes = whole.ToArray();
            foreach (var (at, value) in changes)
                bytes[at] = value;
            File.WriteAllBytes(path, bytes);
            try
            {
                using var file = GgufFile.Open(path);
                foreach (var tensor in file.Tensors)
                    (tensor.Offset + tensor.Bytes).ShouldBeLessThanOrEqualTo(bytes.Length);
            }
            catch (BadInputException e)
            {
                e.Message.ShouldNotContain('\n');
            }
        }, iter: 2_000, threads: 1);
    }

    [Theory]
    [InlineData(TensorFormat.F32, 0)]
    [InlineData(TensorFormat.F16, 1e-3)]
    [InlineData(TensorFormat.BF16, 8e-3)]
    [InlineData(TensorFormat.Q8_0, 8e-3)]
    public void Numbers_survive_their_format(TensorFormat format, double relative) =>
        Gen.Float[-100f, 100f].Array[64].Sample(values =>
        {
            var read = new float[64];
            TensorNumbers.TryDecode(TensorNumbers.Encode(values, format), format, read).ShouldBeTrue();
            for (var i = 0; i < 64; i++)
                read[i].ShouldBe(values[i], relative * 100 + 1e-30);
        }, iter: 200);

    [Fact]
    public void The_hash_is_of_the_weights_alone()
    {
        float[] a = [1, 2], b = [3, 4];
        using var one =
            Reopened(
            new GgufWriter("x").Add("a", [2], TensorFormat.F32, a).Add("b", [2], TensorFormat.F32, b));
        using var two =
            Reopened(
            new GgufWriter("y").Set("k", 1).Add("b", [2], TensorFormat.F32, b)
            .Add("a", [2], TensorFormat.F32, a));
        using var other =
            Reopened(
            new GgufWriter("x").Add("a", [2], TensorFormat.F32, a).Add("b", [2], TensorFormat.F32, [3, 5]));
        two.WeightHash().ShouldBe(one.WeightHash());
        other.WeightHash().ShouldNotBe(one.WeightHash());
    }

    [Fact]
    public void A_header_that_promises_more_than_the_file_holds_takes_no_memory()
    {
        var path = Path.Combine(_folder, "greedy.gguf");
        var bytes = new List<byte>();
        bytes.AddRange(BitConverter.GetBytes(0x46554747u));
        bytes.AddRange(BitConverter.GetBytes(3u));
        bytes.AddRange(BitConverter.GetBytes(0UL));
        bytes.AddRange(BitConverter.GetBytes(1UL << 40));
        File.WriteAllBytes(path, [.. bytes]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Should.Throw<BadInputException>(() => GgufFile.Open(path))
            .Message.ShouldContain("metadata entries is 1099511627776");
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void The_placeholder_is_the_same_file_every_time()
    {
        var shape = new PlaceholderModel.Shape(Embedding: 32, Layers: 1, Merges: 40);
        Bytes(PlaceholderModel.Make(shape)).ShouldBe(Bytes(PlaceholderModel.Make(shape)));
        using var file = Reopened(PlaceholderModel.Make(shape));
        file.Text("general.description").ShouldBe(PlaceholderModel.Description);
        ((string[])file.Metadata["tokenizer.ggml.tokens"]).ShouldBeUnique();
    }

    [Fact]
    public void A_real_file_is_read()
    {
        var path =
            Path.GetFullPath(House.Repository.File("..", "shared", "data", "models", "stories260K.gguf"));
        Assert.SkipUnless(File.Exists(path), "../shared/data is not here");
        using var file = GgufFile.Open(path);
        file.Architecture.ShouldBe("llama");
        file.Number("llama.embedding_length").ShouldBe(64);
        file.Tensors.Sum(t => t.Numbers).ShouldBeInRange(250_000, 350_000);
    }

    static byte[] Bytes(GgufWriter writer)
    {
        using var stream = new MemoryStream();
        writer.WriteTo(stream);
        return stream.ToArray();
    }

    GgufFile Reopened(GgufWriter writer)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".gguf");
        writer.Save(path);
        return GgufFile.Open(path);
    }
}
