using System;
using System.IO;
using System.Linq;
using System.Text;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Tuning.Formats;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class SafetensorsTests
{
    [Fact]
    public void What_is_written_reads_back_whatever_the_order()
    {
        using var folder = new TemporaryFolder();
        var a = NamedTensor.Of("b.weight", [2, 3], [1, 2, 3, 4, 5, 6]);
        var b = NamedTensor.Of("a", [1], [float.Epsilon]);
        Bytes(a, b).ShouldBe(Bytes(b, a));
        File.WriteAllBytes(folder.In("x"), Bytes(a, b));
        using var file = new Safetensors(folder.In("x"));
        file.Read("b.weight").ToFloats().ShouldBe([1f, 2, 3, 4, 5, 6]);
        file.Read("a").ToFloats().ShouldBe([float.Epsilon]);
        file.Metadata["spec"].ShouldBe("1");
    }

    [Fact]
    public void A_damaged_file_is_one_line_never_another_error()
    {
        using var folder = new TemporaryFolder();
        var whole = Bytes(NamedTensor.Of("weight", [4], [1, 2, 3, 4]));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length])
            .Sample((at, value, length) =>
        {
            var damaged = whole.ToArray();
            damaged[at] = value;
            var path = folder.In(Guid.NewGuid().ToString("N"));
            File.WriteAllBytes(path, damaged[..length]);
            try
            {
                using var file = new Safetensors(path);
                foreach (var name in file.Names)
                    file.Read(name).ToFloats();
            }
            catch (BadInputException bad)
            {
                bad.Message.ShouldNotContain("\n");
            }
        }, iter: 2000);
    }

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""")]
    [InlineData("""{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""")]
    [InlineData("""{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}""")]
    public void Offsets_that_do_not_fit_are_refused(string header)
    {
        using var folder = new TemporaryFolder();
        var text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(folder.In("x"), [
            .. BitConverter.GetBytes((long)text.Length), .. text, 0, 0, 0, 0]);
        Should.Throw<BadInputException>(() => new Safetensors(folder.In("x"))).Message.ShouldContain("'w'");
    }

    static byte[] Bytes(params NamedTensor[] tensors)
    {
        using var stream = new MemoryStream();
        Safetensors.Write(stream, tensors, new System.Collections.Generic.Dictionary<string,
            string> { ["spec"] = "1" });
        return stream.ToArray();
    }
}
