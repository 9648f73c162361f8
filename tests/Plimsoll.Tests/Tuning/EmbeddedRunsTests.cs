using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Datasets;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Registry;
using Plimsoll.Tuning.Training;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

public sealed class EmbeddedRunsTests
{
    static readonly TrainingOptions _options =
        new() { Rank = 4, SequenceTokens = 128, BatchTokens = 256, Epochs = 1, MostSteps = 2 };

    [Fact]
    public async Task Nothing_is_trained_on_a_file_that_was_changed_under_its_name()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var workspace = new TuneWorkspace(folder.In("registry"), TimeProvider.System);
        var baseHash = workspace.AddBase(tiny.Model(Architecture.Llama));
        var dataset = Dataset(workspace, baseHash, tiny.Conversations(20));
        var adapter = await RunAsync(workspace, baseHash, dataset);
        await Refused(workspace.Registry.Get(dataset).Blobs["train.jsonl"], "its records hash to");
        await Refused(workspace.Registry.Get(baseHash).Blobs["model.safetensors"], "its weights hash to");
        await Refused(workspace.Registry.Get(adapter).Blobs[PeftAdapter.WeightsFile], "its weights hash to");

        async Task Refused(string blob, string expected)
        {
            var path = workspace.Registry.Blobs.Find(blob);
            var bytes = File.ReadAllBytes(path);
            var changed = bytes.ToArray();
            // The last character that is text, or a digit of the last weight.
            changed[^3] ^= 1;
            File.WriteAllBytes(path, changed);
            var bad = await Should.ThrowAsync<BadInputException>(
                () => RunAsync(workspace, baseHash, dataset, seed: 2, from: adapter));
            bad.Message.ShouldContain(expected);
            File.WriteAllBytes(path, bytes);
        }
    }

    [Fact]
    public async Task An_adapter_of_another_base_is_no_start()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var workspace = new TuneWorkspace(folder.In("registry"), TimeProvider.System);
        var path = tiny.Model(Architecture.Llama);
        var baseHash = workspace.AddBase(path);
        var dataset = Dataset(workspace, baseHash, tiny.Conversations(20));
        var adapter = await RunAsync(workspace, baseHash, dataset);
        var weights = Path.Combine(path, ModelFolder.WeightsFile);
        var bytes = File.ReadAllBytes(weights);
        bytes[^3] ^= 1;
        File.WriteAllBytes(weights, bytes);
        var other = workspace.AddBase(path);
        var bad = await Should.ThrowAsync<BadInputException>(
            () => RunAsync(workspace, other, dataset, from: adapter));
        bad.Message.ShouldContain("other weights");
    }

    [Fact]
    public async Task A_run_above_its_budget_is_stopped_however_short_it_is()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var workspace = new TuneWorkspace(folder.In("registry"), TimeProvider.System);
        var baseHash = workspace.AddBase(tiny.Model(Architecture.Llama));
        var dataset = Dataset(workspace, baseHash, tiny.Conversations(20));
        var bad = await Should.ThrowAsync<BadInputException>(() => RunAsync(
            workspace, baseHash, dataset, options: _options with { BudgetUsd = 1e-9 }, usdPerHour: 1));
        bad.Message.ShouldContain("expected at most the budget");
        workspace.Registry.OfKind(ManifestKind.Adapter).ShouldBeEmpty();
        // It has ended before its first checkpoint: nothing of it is left.
        workspace.Registry.OfKind(ManifestKind.Spec).ShouldBeEmpty();
        Directory.GetFileSystemEntries(folder.In("registry/work")).ShouldBeEmpty();
        await RunAsync(
            workspace, baseHash, dataset, options: _options with { BudgetUsd = 1e9 }, usdPerHour: 1);
    }

    [Fact]
    public async Task What_a_killed_run_has_cost_is_paid_by_the_one_that_goes_on()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        using var workspace = new TuneWorkspace(folder.In("registry"), TimeProvider.System);
        var baseHash = workspace.AddBase(tiny.Model(Architecture.Llama));
        var dataset = Dataset(workspace, baseHash, tiny.Conversations(60));
        var options = _options with { MostSteps = null, Epochs = 60, BatchTokens = 128 };
        using var kill = new CancellationTokenSource();
        var killed = new TrainerEvent { Kind = "" };
        await Should.ThrowAsync<OperationCanceledException>(() => new EmbeddedRuns(workspace,
            () => TinyJob.Trainer).RunAsync(baseHash, dataset, options, null, 1, e =>
            {
                killed = e;
                if (e.Kind == "checkpoint")
                    kill.Cancel();
            }, kill.Token));
        var first = new TrainerEvent { Kind = "" };
        var (adapter, _) = await new EmbeddedRuns(workspace, () => TinyJob.Trainer).RunAsync(
            baseHash, dataset, options, null, 1, e => first = first.Kind == "" ? e : first,
            TestContext.Current.CancellationToken);
        first.Kind.ShouldBe("resumed");
        first.CpuSeconds!.Value.ShouldBeGreaterThanOrEqualTo(killed.CpuSeconds!.Value);
        first.Seconds!.Value.ShouldBeGreaterThanOrEqualTo(killed.Seconds!.Value);
        var run = workspace.Registry.Get(workspace.Registry.Get(adapter).Links["run"]).Facts;
        run["usd"]!.GetValue<double>().ShouldBe(run["seconds"]!.GetValue<double>() / 3600, 1e-12);
        run["cpu_seconds"]!.GetValue<double>().ShouldBeGreaterThan(killed.CpuSeconds.Value);
    }

    [Fact]
    public async Task A_trainer_ends_with_whoever_started_it()
    {
        using var folder = new TemporaryFolder();
        var tiny = new TinyJob(folder);
        var model = tiny.Model(Architecture.Llama);
        var job = tiny.Job(
            model, tiny.Conversations(60), folder.In("orphan"), s => s with { Epochs = 1000 });
        var file = folder.Write("job.json", JsonSerializer.Serialize(job, CanonicalJson.Options));
        var start = new ProcessStartInfo(TinyJob.Trainer.Binary, ["train", file, "attached"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))
                .ShouldNotBeNull().ShouldContain("started");
            // As when the process that holds the other end is killed.
            process.StandardInput.Close();
            await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            process.ExitCode.ShouldNotBe(0);
        }
        finally
        {
            process.Kill();
        }
        Directory.Exists(folder.In("orphan")).ShouldBeFalse();
    }

    static string Dataset(TuneWorkspace workspace, string baseHash, string data) =>
        workspace.AddDataset([.. RecordReader.ReadJsonl(data)],
            new DatasetOptions { NearDuplicateSimilarity = 0, ValidationShare = 0 }, baseHash, [],
            TestContext.Current.CancellationToken).Hash;

    static async Task<string> RunAsync(TuneWorkspace workspace, string baseHash, string dataset,
        ulong seed = 1, string? from = null, TrainingOptions? options = null, double? usdPerHour = null)
    {
        var (adapter, _) = await new EmbeddedRuns(workspace, () => TinyJob.Trainer).RunAsync(
            baseHash, dataset, (options ?? _options) with { Seed = seed }, from, usdPerHour, _ => { },
            TestContext.Current.CancellationToken);
        return adapter;
    }
}
