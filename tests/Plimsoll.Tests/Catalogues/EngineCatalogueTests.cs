using System.IO;
using System.Linq;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Catalogues;

public sealed class EngineCatalogueTests
{
    [Theory]
    [InlineData("0.13.9", false)]
    [InlineData("0.14", true)]
    [InlineData("0.15.1", true)]
    [InlineData(null, true)]
    [InlineData("nightly", true)]
    public void A_row_holds_for_releases_before_it(string? release, bool overlaps) =>
        EngineCatalogue.Of(new EngineSettings { EngineVersion = release })
            .Overhead.Overlaps.ShouldBe(overlaps);

    [Theory]
    [InlineData("h100_sxm", 1024, 8192)]
    [InlineData("a100_sxm", 256, 2048)]
    [InlineData("l40s", 256, 2048)]
    public void A_server_chooses_by_the_accelerator(string accelerator, int sequences, int tokens)
    {
        foreach (var engine in EngineCatalogue.All.Names)
        {
            var chosen =
                EngineCatalogue.ServerDefaults(Catalogue.BuiltIn.FindAccelerator(accelerator), engine);
            (chosen.Engine, chosen.MaxNumSeqs, chosen.MaxNumBatchedTokens).ShouldBe((engine, sequences,
                tokens));
        }
    }

    [Fact]
    public void Every_row_has_a_source_and_a_date()
    {
        using var text =
            new StreamReader(typeof(Catalogue).Assembly.GetManifestResourceStream("data/engines.json")!);
        foreach (var engine in EngineFile.Read("engines.json", text).Engines)
        {
            foreach (var row in engine.Overheads)
                (row.Facts.Source.Length > 0 && row.Facts.AsOf.Length >= 7).ShouldBeTrue(engine.Name);
            foreach (var row in engine.Memories)
                (row.Facts.Source.Length > 0 && row.Facts.AsOf.Length >= 7).ShouldBeTrue(engine.Name);
            foreach (var row in engine.ServerDefaults)
                (row.Source.Length > 0 && row.AsOf.Length >= 7).ShouldBeTrue(engine.Name);
            foreach (var row in engine.Errors)
                (row.Facts.Source.Length > 0 && row.Facts.AsOf.Length >= 7).ShouldBeTrue(engine.Name);
        }
    }

    [Theory]
    [InlineData("vllm", "vllm", null)]
    [InlineData("vllm@0.15.1", "vllm", "0.15.1")]
    [InlineData("vllm@0.33.2", "vllm", "0.33.2")]
    [InlineData("trtllm@1.3.0rc10", "trtllm", "1.3.0rc10")]
    [InlineData("sglang@0.5.6.post2", "sglang", "0.5.6.post2")]
    public void A_release_that_there_is_is_read(string text, string name, string? release) =>
        EngineCatalogue.Read(text).ShouldBe((name, release));

    [Fact]
    public void What_is_meant_where_nothing_is_named_is_there()
    {
        EngineCatalogue.All.Names[0].ShouldBe(Usual.Engine);
        Catalogue.BuiltIn.FindModel(Usual.Model).Name.ShouldBe(Usual.Model);
        Catalogue.BuiltIn.FindModel(Usual.SmallModel).Name.ShouldBe(Usual.SmallModel);
        Catalogue.BuiltIn.FindAccelerator(Usual.Accelerator).Key.ShouldBe(Usual.Accelerator);
        WorkloadFamily.Find(Usual.Workload).Name.ShouldBe(Usual.Workload);
    }

    [Fact]
    public void Every_flag_has_a_source()
    {
        EngineFlagCatalogue.All.Count.ShouldBeGreaterThan(40);
        EngineFlagCatalogue.All.ShouldAllBe(flag => flag.Name.StartsWith("--") && flag.Source.Length > 10);
        EngineFlagCatalogue.NewerThan("vllm", "0.10.0", ["--enable-dbo", "--dtype"])
            .Single().Name.ShouldBe("--enable-dbo");
        EngineFlagCatalogue.NewerThan("vllm", null, ["--enable-dbo"]).ShouldBeEmpty();
    }

    [Fact]
    public void An_engine_without_a_row_is_refused() =>
        Should.Throw<BadInputException>(() => EngineCatalogue.Of(new EngineSettings { Engine = "tgi" }))
            .Expected.ShouldBe(EngineCatalogue.All.ToString());

    [Fact]
    public void A_key_that_nobody_knows_is_refused_with_its_line() =>
        Should.Throw<BadInputException>(() => EngineFile.Read("mine.json",
            new StringReader("{\n\"engins\": []}")))
            .Message.ShouldStartWith("mine.json, line 2");
}
