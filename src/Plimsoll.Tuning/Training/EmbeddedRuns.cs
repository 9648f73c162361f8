using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Core;
using Plimsoll.Tuning.Registry;

namespace Plimsoll.Tuning.Training;

/// <summary>
/// Runs of the embedded trainer, from hashes to hashes. A spec is trained once: asked for again, the finished
/// run's adapter is the answer, and a run that was killed goes on from its last checkpoint.
/// </summary>
public sealed class EmbeddedRuns(TuneWorkspace workspace, Func<TrainerProcess> trainer)
{
    /// <summary>Above this a model belongs to a driver with accelerators.</summary>
    public const long MostParameters = 500_000_000;

    readonly ModelRegistry _registry = workspace.Registry;

    /// <param name="usdPerHour">Price of this machine; null when it is not known, and no cost
    /// is then claimed.</param>
    /// <returns>The adapter's hash, and whether it was there already.</returns>
    /// <exception cref="BadInputException">Something does not fit, or another process trains
    /// this spec now.</exception>
    public async Task<(string Adapter, bool Existing)> RunAsync(
        string baseHash, string datasetHash, TrainingOptions options, string? initialAdapter,
            double? usdPerHour,
        Action<TrainerEvent> progress, CancellationToken cancellation)
    {
        var (job, specManifest) = Prepare(baseHash, datasetHash, options, initialAdapter, usdPerHour);
        var spec = specManifest.Hash;
        if (Finished(spec) is { } existing)
            return (existing, true);
        var work = Path.Combine(workspace.Folder, "work", spec);
        Directory.CreateDirectory(work);
        using var lease = Lease(Path.Combine(work, "lease"), spec);
        if (Finished(spec) is { } meanwhile)
            return (meanwhile, true);
        job = job with { OutputFolder = Path.Combine(work, "bundle"),
            CheckpointFolder = Path.Combine(work, "checkpoints") };
        var started = workspace.Time.GetUtcNow();
        var before = RunProgress.Before(work);
        var budget = new RunBudget(options.BudgetUsd, usdPerHour);
        var log = new List<string>();
        try
        {
            TrainerEvent? last = null;
            await TrainAsync(job, Path.Combine(work, "job.json"), said =>
            {
                // What was killed was paid for too.
                var e = last = said with
                {
                    CpuSeconds = said.CpuSeconds + (before?.CpuSeconds ?? 0),
                    Seconds = (workspace.Time.GetUtcNow() - started).TotalSeconds + (before?.Seconds ?? 0),
                };
                log.Add(e.Write());
                budget.Check(e);
                RunProgress.Write(work, e, workspace.Time);
                progress(e);
            }, cancellation).ConfigureAwait(false);
            var adapter = Keep(job, specManifest, last!, started, log, usdPerHour);
            Discard(work, lease);
            return (adapter, false);
        }
        catch (BadInputException) when (!Directory.Exists(job.CheckpointFolder))
        {
            // What was refused before its first checkpoint has nothing to go on from.
            Discard(work, lease);
            throw;
        }
    }

    /// <summary>Trains an adapter's spec again, apart, and compares every file of the bundle.</summary>
    /// <returns>Files that differ; empty when the bytes are the same.</returns>
    public async Task<IReadOnlyList<string>> ReproduceAsync(
        string adapterHash, Action<TrainerEvent> progress, CancellationToken cancellation)
    {
        var specManifest = workspace.SpecOf(adapterHash);
        var spec = specManifest.Facts.Deserialize<TrainingSpec>(CanonicalJson.Options)!;
        var engine = (string)workspace.Registry.Get(
            workspace.Of(adapterHash, ManifestKind.Adapter).Links["run"]).Facts["engine"]!;
        if (engine != "embedded")
        {
            throw new BadInputException($"{adapterHash[..12]} was trained by {engine}; expected one of the "
                + "embedded trainer, which alone gives the same bytes again");
        }
        var dataset = workspace.Of(specManifest.Links["dataset"], ManifestKind.Dataset);
        using var scratch = new ScratchFolder(workspace.Folder, "reproduce");
        var job = new TrainerJob
        {
            Spec = spec,
            BaseFolder = workspace.FolderOf(specManifest.Links["base"]),
            DatasetFile = _registry.Blobs.Find(dataset.Blobs["train.jsonl"]),
            InitialAdapterFolder = specManifest.Links.TryGetValue("initial_adapter", out var initial)
                ? workspace.FolderOf(initial) : null,
            OutputFolder = scratch.In("bundle"),
            CheckpointFolder = scratch.In("checkpoints"),
        };
        await TrainAsync(job, scratch.In("job.json"), progress, cancellation).ConfigureAwait(false);
        var before = workspace.Of(adapterHash, ManifestKind.Adapter).Blobs;
        var after = Directory.GetFiles(job.OutputFolder).ToDictionary(
            f => Path.GetFileName(f)!, f => CanonicalJson.HashOfBytes(File.ReadAllBytes(f)));
        return [.. before.Keys.Union(after.Keys).Order(StringComparer.Ordinal)
            .Where(f => before.GetValueOrDefault(f) != after.GetValueOrDefault(f))];
    }

    (TrainerJob Job, Manifest Spec) Prepare(
        string baseHash, string datasetHash, TrainingOptions options, string? initialAdapter,
            double? usdPerHour)
    {
        using var model = workspace.OpenFolder(baseHash);
        if (model.Config.Parameters > MostParameters)
        {
            throw new BadInputException($"{model.Config.Parameters:N0} parameters; the embedded trainer is "
                + $"for at most {MostParameters:N0}, "
                + "expected a driver (axolotl, trl, llama-factory, slurm, kubeflow, hosted)");
        }
        var spec = HeldSpec.Of(workspace, options, model, baseHash, datasetHash, initialAdapter);
        var links = new Dictionary<string, string> { ["base"] = baseHash, ["dataset"] = datasetHash };
        if (initialAdapter is not null)
            links["initial_adapter"] = initialAdapter;
        var job = new TrainerJob
        {
            Spec = spec,
            BaseFolder = model.Path,
            DatasetFile = _registry.Blobs.Find(spec.DatasetHash),
            InitialAdapterFolder = initialAdapter is null ? null : workspace.FolderOf(initialAdapter),
            OutputFolder = "",
            CheckpointFolder = "",
            UsdPerHour = usdPerHour,
        };
        return (job, Manifest.Of(ManifestKind.Spec,
            JsonSerializer.SerializeToNode(spec, CanonicalJson.Options)!.AsObject(), links));
    }

    async Task TrainAsync(TrainerJob job, string jobFile, Action<TrainerEvent> progress,
        CancellationToken cancellation)
    {
        File.WriteAllText(jobFile, JsonSerializer.Serialize(job, CanonicalJson.Options));
        var said = false;
        await trainer().TrainAsync(jobFile, e =>
        {
            said = true;
            progress(e);
        }, cancellation).ConfigureAwait(false);
        if (!said)
            throw new BadInputException("the trainer ended without a word");
    }

    // A run is in the registry with what came of it: of one that was refused nothing is there.
    string Keep(TrainerJob job, Manifest specManifest, TrainerEvent last, DateTimeOffset started,
        List<string> log, double? usdPerHour)
    {
        var facts = new JsonObject
        {
            ["engine"] = "embedded",
            ["engine_version"] = typeof(EmbeddedRuns).Assembly.GetName().Version!.ToString(3),
            ["host"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            ["started"] = started.ToString("O"),
            ["seconds"] = last.Seconds,
            ["cpu_seconds"] = last.CpuSeconds,
            ["tokens"] = last.Tokens,
        };
        if (usdPerHour is { } price)
            facts["usd"] = price * last.Seconds / 3600;
        var run = Manifest.Of(
            ManifestKind.Run, facts, new Dictionary<string, string> { ["spec"] = specManifest.Hash },
            new Dictionary<string, string> { ["log.jsonl"] = workspace.PutLines(log) });
        var files = Directory.GetFiles(job.OutputFolder)
            .ToDictionary(f => Path.GetFileName(f)!, _registry.Blobs.Put);
        return _registry.AddAll([specManifest, run, Manifest.Of(ManifestKind.Adapter, new JsonObject
        {
            ["base_weights_sha256"] = job.Spec.BaseHash,
            ["template_sha256"] = job.Spec.TemplateHash,
            ["tokenizer_sha256"] = job.Spec.TokenizerHash,
        }, new Dictionary<string, string> { ["run"] = run.Hash }, files)]);
    }

    string? Finished(string spec) =>
        _registry.Users(spec, "spec").SelectMany(run => _registry.Users(run, "run")).FirstOrDefault();

    static void Discard(string work, FileStream lease)
    {
        lease.Dispose();
        Directory.Delete(work, recursive: true);
    }

    // Held by the open file: it ends with its process, however that ends.
    static FileStream Lease(string path, string spec)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new BadInputException($"spec {spec[..12]} is being trained by another "
                + "process; expected to wait for it");
        }
    }
}
