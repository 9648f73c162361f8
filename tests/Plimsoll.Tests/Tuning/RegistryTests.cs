using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Tasks;
using Microsoft.Data.Sqlite;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class RegistryTests
{
    [Theory]
    [InlineData("""{"b":1,"a":[true,null,"\u00e9\n"]}""", "{\"a\":[true,null,\"é\\n\"],\"b\":1}")]
    [InlineData("""{"x":1.0,"y":1e-7,"z":0.1,"w":-0.00001,"v":12345678901234567}""", """{"v":12345678901234567,"w":-0.00001,"x":1,"y":1e-7,"z":0.1}""")]
    [InlineData("""{"big":1e21,"small":123456.789}""", """{"big":1e+21,"small":123456.789}""")]
    public void Canonical_json_is_one_text(string given, string expected) =>
        CanonicalJson.Of(JsonNode.Parse(given)).ShouldBe(expected);

    [Fact]
    public void A_manifest_needs_what_it_names_and_is_found_by_its_beginning()
    {
        using var folder = new TemporaryFolder();
        using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
        Should.Throw<BadInputException>(() =>
            registry.Add(Manifest.Of(ManifestKind.Run, new JsonObject(), Link("spec", new string('a', 64)))))
            .Message.ShouldContain("spec");
        var spec = registry.Add(Manifest.Of(ManifestKind.Spec, new JsonObject { ["seed"] = 1 }));
        registry.Add(Manifest.Of(ManifestKind.Spec, new JsonObject { ["seed"] = 1 })).ShouldBe(spec);
        registry.Resolve(spec[..8]).ShouldBe(spec);
        registry.Get(spec).Facts["seed"]!.GetValue<int>().ShouldBe(1);
        registry.OfKind(ManifestKind.Spec).ShouldBe([spec]);
    }

    [Fact]
    public void Of_objects_that_belong_together_all_are_added_or_none()
    {
        using var folder = new TemporaryFolder();
        using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
        var spec = Manifest.Of(ManifestKind.Spec, new JsonObject { ["seed"] = 1 });
        var run = Manifest.Of(ManifestKind.Run, new JsonObject(), Link("spec", spec.Hash));
        Manifest Adapter(string blob) => Manifest.Of(ManifestKind.Adapter, new JsonObject(),
            Link("run", run.Hash), new Dictionary<string, string> { ["weights"] = blob });
        Should.Throw<BadInputException>(() => registry.AddAll([spec, run, Adapter(new string('a', 64))]));
        registry.OfKind(ManifestKind.Spec).ShouldBeEmpty();
        registry.OfKind(ManifestKind.Run).ShouldBeEmpty();
        var adapter = Adapter(registry.Blobs.Put("x"u8));
        registry.AddAll([spec, run, adapter]).ShouldBe(adapter.Hash);
        registry.Users(run.Hash, "run").ShouldBe([adapter.Hash]);
    }

    [Fact]
    public void Names_move_and_their_history_stays()
    {
        using var folder = new TemporaryFolder();
        using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
        var (a, b) = (Add(registry, 1), Add(registry, 2));
        registry.SetAlias("bank@production", a, "first");
        registry.SetAlias("bank@production", b, "better");
        registry.SetAlias("bank@production", a, "back");
        registry.Resolve("bank@production").ShouldBe(a);
        registry.History("bank@production").Select(e => (e.Hash, e.Reason))
            .ShouldBe([(a, "first"), (b, "better"), (a, "back")]);
        Should.Throw<BadInputException>(() => registry.SetAlias("bank", a, ""))
            .Message.ShouldContain("task@alias");
    }

    [Fact]
    public void Nobody_can_change_the_past_not_even_by_hand()
    {
        using var folder = new TemporaryFolder();
        using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
        registry.SetAlias("t@production", Add(registry, 1), "x");
        using var by = new SqliteConnection($"Data Source={folder.In("registry.db")};Pooling=False");
        by.Open();
        foreach (var sql in new[] { "DELETE FROM aliases", "UPDATE aliases SET reason = ''",
            "DELETE FROM manifests", "UPDATE manifests SET body = '{}'" })
        {
            using var command = by.CreateCommand();
            command.CommandText = sql;
            Should.Throw<SqliteException>(() => command.ExecuteNonQuery());
        }
    }

    [Fact]
    public void A_blob_that_was_changed_is_refused()
    {
        using var folder = new TemporaryFolder();
        var store = new BlobStore(folder.Path);
        var hash = store.Put("abc"u8);
        hash.ShouldBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        store.Read(hash).ShouldBe("abc"u8.ToArray());
        File.WriteAllText(store.Find(hash), "abd");
        Should.Throw<BadInputException>(() => store.Read(hash)).Message.ShouldContain("another hash");
        Should.Throw<BadInputException>(() => store.Find("../../etc/passwd"));
    }

    [Fact]
    public async Task Several_writers_at_once_lose_nothing()
    {
        using var folder = new TemporaryFolder();
        new ModelRegistry(folder.Path, TimeProvider.System).Dispose();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(w => Task.Run(() =>
        {
            using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
            for (var i = 0; i < 10; i++)
                registry.SetAlias("t@production", Add(registry, w * 100 + i), $"{w}");
        })));
        using var after = new ModelRegistry(folder.Path, TimeProvider.System);
        after.History("t@production").Count.ShouldBe(40);
        after.OfKind(ManifestKind.Spec).Count.ShouldBe(40);
    }

    [Fact]
    public void Lineage_goes_down_to_the_records()
    {
        using var folder = new TemporaryFolder();
        using var registry = new ModelRegistry(folder.Path, TimeProvider.System);
        var records = registry.Blobs.Put(Encoding.ASCII.GetBytes("r1\nr2\nr3\n"));
        var dataset = registry.Add(Manifest.Of(ManifestKind.Dataset, new JsonObject { ["records"] = 3 },
            blobs: new Dictionary<string, string> { ["record-hashes"] = records }));
        var spec = registry.Add(Manifest.Of(ManifestKind.Spec, new JsonObject(), Link("dataset", dataset)));
        var run = registry.Add(Manifest.Of(ManifestKind.Run, new JsonObject { ["engine"] = "embedded" },
            Link("spec", spec)));
        var text = Lineage.Of(registry, run, records: 2);
        text.ShouldBe($"""
            run {run[..12]}  engine embedded
              spec: spec {spec[..12]}
                dataset: dataset {dataset[..12]}  records 3
                  record-hashes {records[..12]}
                    record r1
                    record r2
                    and 1 more records

            """.Replace("        record", "        record"));
    }

    static string Add(ModelRegistry registry, int seed) =>
        registry.Add(Manifest.Of(ManifestKind.Spec, new JsonObject { ["seed"] = seed }));

    static Dictionary<string, string> Link(string role, string hash) => new() { [role] = hash };
}
