using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json.Nodes;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Planning.Simulation;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Catalogues;

/// <summary>An engine and a family of models that nobody has heard of are rows of data.</summary>
public sealed class NewDataTests
{
    const double Gib = 1 << 30;

    const string Families = """
        {"families":[{"name":"plover","source":"made up","asOf":"2026-11","normalisesQueries":true,
          "config":{"windows":"alternate","tied":true}}]}
        """;

    const string Config = """
        {"model_type":"plover","num_hidden_layers":10,"hidden_size":2048,"num_attention_heads":16,
         "num_key_value_heads":4,"intermediate_size":8192,"vocab_size":32000,"sliding_window":512,
         "max_position_embeddings":8192}
        """;

    [Fact]
    public void A_made_up_engine_takes_the_time_that_its_row_says()
    {
        var swift = Gaps(TestDeployments.Small.Model, Engine("curlew"));
        var slow = Gaps(TestDeployments.Small.Model, Engine("curlew", exposedMs: 7));
        swift.Count.ShouldBe(4);
        slow.ShouldBe(swift.Select(ns => ns + 7_000_000));
    }

    [Fact]
    public void A_made_up_engine_keeps_the_memory_that_its_row_says()
    {
        var deployment = On(TestDeployments.Small.Model, Engine("curlew"));
        int Blocks(double gib) =>
            KvCapacity.Blocks(deployment, Engine("curlew", rankGib: gib).Memory).Blocks;
        var missing = (Blocks(1) - Blocks(5)) * KvCapacity.BlockBytes(deployment);
        missing.ShouldBe(4 * Gib, KvCapacity.BlockBytes(deployment));
    }

    [Fact]
    public void A_made_up_family_is_read_by_its_rules_and_runs()
    {
        var model = Model();
        (model.Family, model.NormalisesQueries, model.TiedEmbeddings).ShouldBe(("plover", true, true));
        (model.Attention.FullLayers, model.Attention.WindowLayers).ShouldBe((5, 5));
        Gaps(model, Engine("curlew")).ShouldAllBe(ns => ns > 0);
    }

    /// <summary>The time from each token to the next of a request that is alone.</summary>
    static List<long> Gaps(ModelSpec model, EngineSpec engine)
    {
        var deployment = On(model, engine);
        var steps = new StepTimeModel(
            deployment, EfficiencyCurves.Datasheet(deployment.Accelerator, engine.Name), engine);
        var limits = new SchedulerOptions { MaxNumSeqs = 8, MaxNumBatchedTokens = 512, NumBlocks = 2000 };
        var gaps = new List<long>();
        FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(limits, steps) }, new TurnTakingArrivals(1, 1, 0),
            closedLoop: true, new SimulationOptions
            {
                Requests = 1,
                Observer = (in CompletedRequest request) => gaps.AddRange(Enumerable.Repeat(
                    (request.LastTokenNs - request.FirstTokenNs) / (request.OutputTokens - 1),
                    request.OutputTokens - 1)),
            });
        return gaps;
    }

    static Deployment On(ModelSpec model, EngineSpec engine) => TestDeployments.Small with
    {
        Model = model, Engine = new EngineSettings { Engine = engine.Name },
    };

    /// <summary>A row beside those of the file: as its first, but for the name and what is given.</summary>
    static EngineSpec Engine(string name, double exposedMs = 0, double rankGib = 0)
    {
        var file = JsonNode.Parse(Resource.Read("engines.json", (_, text) => text.ReadToEnd()))!;
        var row = file["engines"]![0]!.DeepClone();
        row["name"] = name;
        row["curves"] = name;
        row["overheads"]!.AsArray()[^1]!["facts"]!["exposedNs"] = (long)(1e6 * exposedMs);
        row["memories"]!.AsArray()[^1]!["facts"]!["rankGib"] = rankGib;
        file["engines"]!.AsArray().Add(row);
        return EngineFile.Read("mine.json", new StringReader(file.ToJsonString()))
            .Engines.Single(entry => entry.Name == name).Of(release: null);
    }

    static ModelSpec Model()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Config);
            return HuggingFaceConfig.Read(path, ModelFamilies.Read("mine.json", new StringReader(Families)));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
