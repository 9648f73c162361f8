using System;
using System.Linq;
using System.Text.Json;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Drivers;
using Plimsoll.Tuning.Training.Jobs;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class JobTests
{
    [Theory]
    [InlineData("""{"training_file":"f"}""", "model: missing")]
    [InlineData("""{"model":"m"}""", "training_file: missing")]
    [InlineData("""{"model":"m","training_file":"f","colour":1}""", "colour: unknown")]
    [InlineData("""{"model":"m","training_file":"f","suffix":"a:b"}""", "suffix")]
    [InlineData("""{"model":"m","training_file":"f","hyperparameters":{"n_epochs":0}}""", "n_epochs 0")]
    [InlineData("""{"model":"m","training_file":"f","method":{"type":"reinforcement"}}""", "method.type")]
    [InlineData("""{"model":"m","training_file":"g"}""", "no such file")]
    [InlineData("""{"model":"m","training_file":"f","method":"dpo"}""", "method: expected a JSON object")]
    [InlineData("""{"model":"m","training_file":"f","method":{"type":"dpo","dpo":5}}""", "dpo: expected a JSON")]
    [InlineData("""{"model":"m","training_file":"f","hyperparameters":3}""", "hyperparameters: expected")]
    [InlineData("""{"model":"m","training_file":"f","hyperparameters":{"n_epoch":2}}""", "n_epoch: unknown")]
    [InlineData("""{"model":"m","training_file":"f","hyperparameters":{"n_epochs":1.5}}""", "a whole number")]
    [InlineData("""{"model":"m","training_file":"f","seed":"x"}""", "seed \"x\": expected a whole number")]
    [InlineData("""{"model":"m","training_file":"f","seed":-9223372036854775808}""", "a whole number")]
    [InlineData("""{"model":"m","training_file":"f","metadata":7}""", "metadata: expected a JSON object")]
    [InlineData("""{"model":"m","training_file":"f","integrations":{"type":"wandb"}}""", "integrations")]
    public void A_body_that_is_no_job_is_refused(string body, string expected)
    {
        using var folder = new TemporaryFolder();
        using var store = new JobStore(folder.Path, TimeProvider.System);
        var desk = new JobDesk(store, (_, file) => file == "f");
        using var document = JsonDocument.Parse(body);
        Should.Throw<BadInputException>(() => desk.Create("t", document.RootElement))
            .Message.ShouldContain(expected);
        desk.List("t", null, 10)["data"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public void A_job_is_paused_resumed_and_cancelled_by_its_tenant_alone()
    {
        using var folder = new TemporaryFolder();
        using var store = new JobStore(folder.Path, TimeProvider.System);
        var desk = new JobDesk(store, (_, _) => true);
        using var document = JsonDocument.Parse("""{"model":"m","training_file":"f","suffix":"s"}""");
        var id = desk.Create("t", document.RootElement)["id"]!.GetValue<string>();
        desk.Get("other", id).ShouldBeNull();
        desk.Cancel("other", id).ShouldBeNull();
        desk.Pause("t", id)!["status"]!.GetValue<string>().ShouldBe("paused");
        store.Claim("runner", TimeSpan.FromMinutes(1)).ShouldBeNull();
        Should.Throw<BadInputException>(() => desk.Pause("t", id)).Message.ShouldContain("is paused");
        desk.Resume("t", id)!["status"]!.GetValue<string>().ShouldBe("queued");
        store.Claim("runner", TimeSpan.FromMinutes(1))!.Id.ShouldBe(id);
        store.Claim("second", TimeSpan.FromMinutes(1)).ShouldBeNull();
        store.Renew(id, "second", TimeSpan.FromMinutes(1)).ShouldBeFalse();
        desk.Cancel("t", id)!["status"]!.GetValue<string>().ShouldBe("cancelled");
        store.Renew(id, "runner", TimeSpan.FromMinutes(1)).ShouldBeFalse();
        Should.Throw<BadInputException>(() => desk.Resume("t", id));
        desk.Events("t", id, null, 2)!["has_more"]!.GetValue<bool>().ShouldBeTrue();
    }

    [Fact]
    public void A_lease_that_ran_out_is_anothers_to_take()
    {
        using var folder = new TemporaryFolder();
        using var store = new JobStore(folder.Path, TimeProvider.System);
        var desk = new JobDesk(store, (_, _) => true);
        using var document = JsonDocument.Parse("""{"model":"m","training_file":"f"}""");
        desk.Create("t", document.RootElement);
        store.Claim("dead", TimeSpan.FromSeconds(-5)).ShouldNotBeNull();
        store.Claim("next", TimeSpan.FromMinutes(1)).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_job_runs_to_a_model_and_the_same_one_again_is_returned()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var (model, data) = (tiny.Model(Architecture.Llama), tiny.Conversations(30));
        using var store = new JobStore(folder.In("state"), TimeProvider.System);
        using var workspace = new TuneWorkspace(folder.In("state"), TimeProvider.System);
        var runs = new EmbeddedRuns(workspace, () => TinyJob.Trainer);
        var runner = new JobRunner(store, workspace, runs, _ => workspace.AddBase(model), (_, _) => data);
        var desk = new JobDesk(store, (_, _) => true);
        using var document = JsonDocument.Parse(
            """{"model":"tiny","training_file":"f","suffix":"s","hyperparameters":{"n_epochs":1}}""");
        var cancellation = TestContext.Current.CancellationToken;
        foreach (var said in new[] { "Step ", "trained before" })
        {
            var id = desk.Create("t", document.RootElement)["id"]!.GetValue<string>();
            (await runner.RunNextAsync(cancellation)).ShouldBeTrue();
            var job = desk.Get("t", id)!;
            job["status"]!.GetValue<string>().ShouldBe("succeeded", job.ToJsonString());
            job["fine_tuned_model"]!.GetValue<string>().ShouldStartWith("ft:tiny:t:s:");
            desk.Checkpoints("t", id)!["data"]!.AsArray().Count.ShouldBe(1);
            desk.Events("t", id, null, 50)!["data"]!.AsArray()
                .Any(e => e!["message"]!.GetValue<string>().Contains(said)).ShouldBeTrue();
        }
        (await runner.RunNextAsync(cancellation)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_drivers_bundle_comes_back_if_it_is_of_the_spec()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var (model, data) = (tiny.Model(Architecture.Llama), tiny.Conversations(30));
        using var workspace = new TuneWorkspace(folder.In("state"), TimeProvider.System);
        var baseHash = workspace.AddBase(model);
        var (dataset, _) = workspace.AddDataset([.. RecordReader.ReadJsonl(data)],
            new DatasetOptions { ValidationShare = 0 }, baseHash, [], TestContext.Current.CancellationToken);
        await tiny.TrainAsync(tiny.Job(model, data, folder.In("adapter"), s => s with { MostSteps = 1 }));
        var bundles = new ReturnedBundles(workspace);
        var options = new TrainingOptions { Rank = 4, SequenceTokens = 128, BatchTokens = 512 };
        string Keep(TrainingOptions o) =>
            bundles.Keep(baseHash, dataset, o, "axolotl", "0.13.0", folder.In("adapter"), 0.5);
        Should.Throw<BadInputException>(() => Keep(options with { Rank = 8 }))
            .Message.ShouldContain("r 4; the spec says 8");
        workspace.Registry.OfKind(ManifestKind.Adapter).ShouldBeEmpty();
        var adapter = Keep(options);
        Keep(options).ShouldBe(adapter);
        var run = workspace.Registry.Get(workspace.Registry.Get(adapter).Links["run"]);
        run.Facts["engine_version"]!.GetValue<string>().ShouldBe("0.13.0");
        var runs = new EmbeddedRuns(workspace, () => TinyJob.Trainer);
        var bad = await Should.ThrowAsync<BadInputException>(
            () => runs.ReproduceAsync(adapter, _ => { }, TestContext.Current.CancellationToken));
        bad.Message.ShouldContain("was trained by axolotl");
    }

    [Fact]
    public async Task A_job_that_meets_a_defect_fails_and_is_not_tried_for_ever()
    {
        using var folder = new TemporaryFolder();
        using var store = new JobStore(folder.In("state"), TimeProvider.System);
        using var workspace = new TuneWorkspace(folder.In("state"), TimeProvider.System);
        var runner = new JobRunner(store, workspace, new EmbeddedRuns(workspace, () => TinyJob.Trainer),
            _ => throw new NotSupportedException("two\nlines"), (_, _) => "");
        var desk = new JobDesk(store, (_, _) => true);
        using var document = JsonDocument.Parse("""{"model":"tiny","training_file":"f"}""");
        var id = desk.Create("t", document.RootElement)["id"]!.GetValue<string>();
        await Should.ThrowAsync<NotSupportedException>(
            () => runner.RunNextAsync(TestContext.Current.CancellationToken));
        desk.Get("t", id)!["status"]!.GetValue<string>().ShouldBe("failed");
        desk.Get("t", id)!["error"]!["message"]!.GetValue<string>().ShouldContain("two lines");
        store.Claim("another", TimeSpan.FromMinutes(1)).ShouldBeNull();
    }

    [Fact]
    public async Task A_job_on_a_wrong_line_fails_with_its_number()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var data = folder.Write("bad.jsonl", "{}\n");
        using var store = new JobStore(folder.In("state"), TimeProvider.System);
        using var workspace = new TuneWorkspace(folder.In("state"), TimeProvider.System);
        var runs = new EmbeddedRuns(workspace, () => TinyJob.Trainer);
        var runner = new JobRunner(store, workspace, runs, _ => workspace.AddBase(model), (_, _) => data);
        var desk = new JobDesk(store, (_, _) => true);
        using var document = JsonDocument.Parse("""{"model":"tiny","training_file":"f"}""");
        var id = desk.Create("t", document.RootElement)["id"]!.GetValue<string>();
        await runner.RunNextAsync(TestContext.Current.CancellationToken);
        desk.Get("t", id)!["error"]!["message"]!.GetValue<string>().ShouldContain("bad.jsonl:1: ");
    }
}
