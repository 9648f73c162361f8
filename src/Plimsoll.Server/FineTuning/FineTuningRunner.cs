using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Plimsoll.Core;
using Plimsoll.Engine;
using Plimsoll.Engine.LlamaCpp;
using Plimsoll.Server.Files;
using Plimsoll.Server.Serving;
using Plimsoll.Tuning;
using Plimsoll.Tuning.Formats;
using Plimsoll.Tuning.Training;
using Plimsoll.Tuning.Training.Jobs;

namespace Plimsoll.Server.FineTuning;

/// <summary>
/// Works off fine-tuning jobs beside the server: trains in a process of its own, then loads the adapter into
/// the engine that serves its base, where its <c>ft:</c> name answers at once.
/// </summary>
sealed partial class FineTuningRunner : IAsyncDisposable
{
    readonly ModelDirectory _models;
    readonly FileStore _files;
    readonly TuneWorkspace _workspace;
    readonly JobStore _store;
    readonly JobRunner _jobs;
    readonly ILogger _log;
    readonly SemaphoreSlim _wake = new(0);
    readonly CancellationTokenSource _stop = new();
    readonly Task _running;
    readonly string _adapters;

    public FineTuningRunner(string stateFolder, ModelDirectory models, FileStore files, TimeProvider time,
        ILogger log)
    {
        var folder = Path.Combine(stateFolder, "tuning");
        _models = models;
        _files = files;
        _log = log;
        _adapters = Path.Combine(folder, "served");
        _workspace = new TuneWorkspace(folder, time);
        _store = new JobStore(folder, time);
        // Training is batch work: it stands still while somebody waits for an answer of this machine.
        var runs = new EmbeddedRuns(_workspace, () => TrainerProcess.Locate(text => Story(_log, text))
            .Yielding(() => _models.Local.Any(m => m.Interactive > 0)));
        _jobs = new JobRunner(_store, _workspace, runs, name => _workspace.AddGguf(FileOf(name)),
            CopyOf) { Serve = ServeAsync };
        Desk = new JobDesk(_store, (tenant, id) => files.Find(tenant, id)?.Purpose == "fine-tune");
        _running = Task.Run(RunAsync);
    }

    public JobDesk Desk { get; }

    /// <summary>The newest jobs of all tenants, for the live page.</summary>
    public IReadOnlyList<FineTuningJob> Recent => _store.Recent(8);

    public void Wake() => _wake.Release();

    /// <exception cref="BadInputException">No model of that name is served here by llama.cpp.</exception>
    public void CheckModel(string name) => FileOf(name);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _workspace.Dispose();
        _store.Dispose();
        _stop.Dispose();
        _wake.Dispose();
    }

    async Task RunAsync()
    {
        await ServeAgainAsync();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (!await _jobs.RunNextAsync(_stop.Token))
                    await _wake.WaitAsync(TimeSpan.FromSeconds(5), _stop.Token);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // The server stops; the job goes on from its checkpoint when another starts.
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Failed(_log, e);
                await Task.Delay(TimeSpan.FromSeconds(5), CancellationToken.None);
            }
        }
    }

    string FileOf(string name)
    {
        var model = _models.FindLocal(name, null, out var adapter);
        if (model is null || adapter is not null)
            throw new BadInputException($"model {name}: not served here; expected a served base model");
        return model.Engine.Facts is { Kind: LlamaEngine.Name, Root: var root } && File.Exists(root)
            ? root
            : throw new BadInputException($"model {name}: served by no GGUF file; expected a model of the "
                + "llama.cpp engine");
    }

    string CopyOf(string tenant, string id)
    {
        if (_files.Find(tenant, id) is null)
            throw new BadInputException($"{id}: the file was deleted");
        using var stream = _files.OpenRead(id);
        return stream.Name;
    }

    async Task ServeAsync(FineTuningJob job, string adapter)
    {
        Directory.CreateDirectory(_adapters);
        var file = Path.Combine(_adapters, adapter + ".gguf");
        using (var model = _workspace.OpenFolder(_workspace.SpecOf(adapter).Links["base"]))
            GgufExport.Adapter(model, _workspace.FolderOf(adapter), job.FineTunedModel!).Save(file);
        await LoadAsync(job, file);
        _store.AddEvent(job.Id, "info", "The model is served as " + job.FineTunedModel);
    }

    /// <summary>What earlier lives have trained is served again, to whom it belongs.</summary>
    async Task ServeAgainAsync()
    {
        if (!Directory.Exists(_adapters))
            return;
        foreach (var job in _store.Recent(int.MaxValue))
        {
            if (job is not { Status: JobStatus.Succeeded, FineTunedModel: { } name })
                continue;
            // The name ends with the first of the adapter's hash, which the file is named after.
            var hash = name[(name.LastIndexOf(':') + 1)..];
            foreach (var file in Directory.EnumerateFiles(_adapters, hash + "*.gguf"))
            {
                try
                {
                    await LoadAsync(job, file);
                }
                catch (BadInputException bad)
                {
                    Story(_log, $"{name} is not served: {bad.Message}");
                }
            }
        }
    }

    async Task LoadAsync(FineTuningJob job, string file)
    {
        var model = _models.FindLocal(job.Model, null, out _)
            ?? throw new BadInputException($"model {job.Model}: not served here; expected it to be");
        _models.Own(job.FineTunedModel!, job.Tenant);
        // Its name ends with its hash: what an earlier job of the same spec had served is this one.
        if (_models.FindLocal(job.FineTunedModel!, null, out var served) is not null && served is not null)
            return;
        try
        {
            await model.Engine.LoadAdapterAsync(job.FineTunedModel!, file, CancellationToken.None);
        }
        catch (EngineRefusalException refusal)
        {
            throw new BadInputException(refusal.Message);
        }
    }

    [LoggerMessage(30, LogLevel.Error, "A fine-tuning job failed unexpectedly.")]
    static partial void Failed(ILogger log, Exception error);

    [LoggerMessage(31, LogLevel.Information, "{Text}")]
    static partial void Story(ILogger log, string text);
}
