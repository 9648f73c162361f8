using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Timing;

public sealed class StepTimeCatalogueTests
{
    const int LargestFileBytes = 256 * 1024;

    public static TheoryData<string, string> Files()
    {
        var files = new TheoryData<string, string>();
        foreach (var name in Names())
        {
            var parts = Path.GetFileNameWithoutExtension(name).Split('.');
            files.Add(parts[0], parts[1]);
        }
        return files;
    }

    [Fact]
    public void Every_measured_card_is_shipped()
    {
        string[] keys =
        [
            "a100_sxm", "b200_sxm", "b300_sxm", "b60", "gb200", "gb300", "h100_sxm", "h200_sxm", "l40s",
            "rtx_4090",
            "rtx_pro_6000_server",
        ];
        Names().Select(n => Path.GetFileName(n).Split('.')[0]).Distinct().Order().ShouldBe(keys);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_loads_names_its_source_and_is_small(string accelerator, string engine)
    {
        var name = $"data/steptime/{accelerator}.{engine}.json";
        using var stream = typeof(StepTimeCatalogue).Assembly.GetManifestResourceStream(name)!;
        stream.Length.ShouldBeLessThan(LargestFileBytes);
        var curves = StepTimeCatalogue.TryLoad(accelerator, engine)!;
        curves.Tier.ShouldBe(Tier.Kernels);
        curves.Accelerator.ShouldBe(accelerator);
        curves.Engine.ShouldBe(engine);
        curves.Sources[0].ShouldMatch("Apache-2.0|MIT");
        curves.Gemm.ShouldContain(g => g.Weights == NumberFormat.Bf16);
        curves.DecodeAttention.ShouldNotBeEmpty();
        curves.PrefillAttention.ShouldNotBeEmpty();
        foreach (var gemm in curves.Gemm)
        {
            gemm.RatioMille.Length.ShouldBe(gemm.M.Length * gemm.N.Length * gemm.K.Length);
            gemm.RatioMille.ShouldAllBe(r => r > 200);
        }
    }

    [Fact]
    public void Curves_survive_writing_and_reading()
    {
        var curves = StepTimeCatalogue.TryLoad("h100_sxm", "vllm")!;
        var text = StepTimeCatalogue.Write(curves);
        var again = StepTimeCatalogue.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "again");
        StepTimeCatalogue.Write(again).ShouldBe(text);
    }

    [Theory]
    [InlineData("{\"accelerator\":1}")]
    [InlineData("{\"accelerator\":\"x\",\"surprise\":2}")]
    [InlineData("not json")]
    public void A_broken_file_is_refused_by_name(string text)
    {
        var refusal = Should.Throw<BadInputException>(
            () => StepTimeCatalogue.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "mine.json"));
        refusal.Message.ShouldStartWith("mine.json");
    }

    [Fact]
    public void SgLang_borrows_the_kernels_of_vllm() =>
        StepTimeCatalogue.For(TestModels.H100, "sglang").Engine.ShouldBe("vllm");

    static IEnumerable<string> Names() => typeof(StepTimeCatalogue).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith("data/steptime/", System.StringComparison.Ordinal));
}
