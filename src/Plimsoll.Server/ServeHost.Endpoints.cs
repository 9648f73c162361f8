using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Plimsoll.Server.Api;
using Plimsoll.Server.Api.Contract;
using Plimsoll.Server.Batches;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Dashboard;
using Plimsoll.Server.Files;
using Plimsoll.Server.FineTuning;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;

namespace Plimsoll.Server;

/// <summary>Which path leads where.</summary>
public sealed partial class ServeHost
{
    /// <summary>Maps an endpoint; one that the contract does not describe is a fault here.</summary>
    void Map(string method, string path, RequestDelegate handler)
    {
        Operations.Of(method, path);
        _app.MapMethods(path, [method], handler);
    }

    void Map(ServeConfig config, TimeProvider time, string version)
    {
        var upstreams = new UpstreamEndpoints(_gate, _upstreams, () => _levels, _book, time, _capture);
        var answers = new WholeAnswer(_models, upstreams, () => _levels, _book, _gate.Budgets, time);
        _places = new BatchPlaces(() => _gate.Limits.BatchConcurrency, _gate.WeightOf, time);
        var lines = new BatchLines(_batches, answers, _gate.Budgets.Check, _places, time,
            _app.Services.GetRequiredService<ILogger<BatchLines>>());
        var job = new BatchJob(_batches, _files, lines, KnowsModel, time);
        _runner =
            new BatchRunner(_batches, job.RunAsync, _app.Services.GetRequiredService<ILogger<BatchRunner>>());
        var wrap = _app.Services.GetRequiredService<RequestShell>();
        _rollouts = new RolloutDesk(config.State, _models, _upstreams, _adapters, () => _levels, time);
        _shadow = new ShadowMirror(answers.OfCopyAsync);
        var completions = new CompletionEndpoints(
            _gate, _models, upstreams, () => _levels, _book, time, _rollouts, _shadow, answers, _capture);
        MapRollouts(wrap, new RolloutEndpoints(_gate, _rollouts));
        var models = new ModelEndpoints(_gate, _models, upstreams, () => _levels, _book);
        var adapters = new AdapterEndpoints(_gate, _models, upstreams, _adapters);
        var operations = new OperationEndpoints(_gate, _models, upstreams, _book, _capture, version);
        Map("POST", "/v1/chat/completions", wrap.Wrap(completions.ChatAsync));
        Map("POST", "/v1/completions", wrap.Wrap(completions.TextAsync));
        var responses = new ResponseEndpoints(_gate, _models, upstreams, () => _levels, _book, time);
        Map("POST", "/v1/responses", wrap.Wrap(responses.CreateAsync));
        Map("POST", "/v1/embeddings", wrap.Wrap(models.EmbeddingsAsync));
        Map("GET", "/v1/models", wrap.Wrap(models.ListAsync));
        Map("GET", "/v1/models/{**model}", wrap.Wrap(models.GetAsync));
        Map("POST", "/tokenize", wrap.Wrap(models.TokenizeAsync));
        Map("POST", "/detokenize", wrap.Wrap(models.DetokenizeAsync));
        Map("POST", "/v1/load_lora_adapter", wrap.Wrap(adapters.LoadAsync));
        Map("POST", "/v1/unload_lora_adapter", wrap.Wrap(adapters.UnloadAsync));
        _tuning = new FineTuningRunner(
            config.State, _models, _files, time,
            _app.Services.GetRequiredService<ILogger<FineTuningRunner>>());
        MapTuning(wrap, new FineTuningEndpoints(_gate, _tuning.Desk, _tuning));
        MapFiles(wrap, new FileEndpoints(_gate, _files, _batches.IsRead),
            new BatchEndpoints(_gate, _batches, _files, _runner, job));
        MapLive(config, time, version, wrap);
        Map("GET", "/openapi.json", operations.OpenApiAsync);
        Map("GET", "/docs", operations.DocsAsync);
        Map("GET", "/health", operations.HealthAsync);
        Map("GET", "/version", operations.VersionAsync);
        Map("GET", "/metrics", wrap.Wrap(operations.MetricsAsync));
        _app.MapFallback(wrap.Wrap(context => throw new ApiException(
            404, $"Unknown request URL: {context.Request.Method} {context.Request.Path}.",
                "invalid_request_error", null, "unknown_url")));
    }

    bool KnowsModel(string tenant, string name) =>
        _upstreams.ContainsKey(name) || _upstreams.Values.Any(model => model.Knows(name))
        || _models.Cascades.ContainsKey(name) || _models.FindLocal(name, tenant, out _) is not null;

    /// <summary>Whether requests of this name reach something other than an upstream's adapter.</summary>
    bool IsServed(string name) => _upstreams.ContainsKey(name) || _models.Cascades.ContainsKey(name)
        || _models.FindLocal(name, null, out _) is not null;

    void MapLive(ServeConfig config, TimeProvider time, string version, RequestShell wrap)
    {
        _board = new LiveBoard(_models, _upstreams, () => _levels, _book, time);
        _registry = config.Registry is { } folder ? new RegistryBoard(folder, time) : null;
        double loadLine = 0;
        foreach (var model in config.Models)
        {
            var replicas = Math.Max(1, Math.Max(model.Upstreams.Count, model.Simulated?.Replicas ?? 1));
            loadLine += replicas * (model.LoadLineRequestsPerSecond ?? 0);
        }
        var live = new LiveEndpoints(
            _board, context => _gate.AuthenticateAdmin(context), () => _levels, LiveModels,
            () => _rollouts!.States, () => _tuning!.Recent, _registry,
            loadLine > 0 ? loadLine : null, version, _app.Lifetime.ApplicationStopping);
        Map("GET", "/", live.PageAsync);
        Map("GET", "/live", wrap.Wrap(live.EventsAsync));
    }

    LiveModel[] LiveModels()
    {
        var models = new List<LiveModel>();
        foreach (var model in _models.Local)
        {
            var telemetry = model.Engine.Telemetry;
            var releases = new List<string>();
            foreach (var adapter in model.Engine.Adapters)
                releases.Add(adapter.Name);
            models.Add(new LiveModel(
                model.Name, "this process", telemetry.Running, telemetry.Waiting, releases));
        }
        foreach (var model in _upstreams.Values)
        {
            var running = 0;
            foreach (var replica in model.Replicas)
                running += replica.Outstanding;
            var count = model.Replicas.Count;
            models.Add(new LiveModel(
                model.Name, count == 1 ? "1 upstream" : $"{count} upstreams", running,
                model.Twins?.Waiting ?? 0, [.. model.Adapters.Select(adapter => adapter.Key)]));
        }
        return [.. models];
    }

    void MapTuning(RequestShell wrap, FineTuningEndpoints tuning)
    {
        const string jobs = "/v1/fine_tuning/jobs";
        Map("POST", jobs, wrap.Wrap(tuning.CreateAsync));
        Map("GET", jobs, wrap.Wrap(tuning.ListAsync));
        Map("GET", jobs + "/{id}", wrap.Wrap(tuning.GetAsync));
        Map("POST", jobs + "/{id}/cancel", wrap.Wrap(tuning.CancelAsync));
        Map("POST", jobs + "/{id}/pause", wrap.Wrap(tuning.PauseAsync));
        Map("POST", jobs + "/{id}/resume", wrap.Wrap(tuning.ResumeAsync));
        Map("GET", jobs + "/{id}/events", wrap.Wrap(tuning.EventsAsync));
        Map("GET", jobs + "/{id}/checkpoints", wrap.Wrap(tuning.CheckpointsAsync));
    }

    void MapRollouts(RequestShell wrap, RolloutEndpoints rollouts)
    {
        Map("POST", "/v1/rollouts", wrap.Wrap(rollouts.CreateAsync));
        Map("GET", "/v1/rollouts", wrap.Wrap(rollouts.ListAsync));
        Map("GET", "/v1/rollouts/{task}", wrap.Wrap(rollouts.GetAsync));
        Map("POST", "/v1/rollouts/{task}/rollback", wrap.Wrap(rollouts.RollBackAsync));
    }

    void MapFiles(RequestShell wrap, FileEndpoints files, BatchEndpoints batches)
    {
        Map("POST", "/v1/files", wrap.Wrap(files.UploadAsync));
        Map("GET", "/v1/files", wrap.Wrap(files.ListAsync));
        Map("GET", "/v1/files/{id}", wrap.Wrap(files.GetAsync));
        Map("GET", "/v1/files/{id}/content", wrap.Wrap(files.ContentAsync));
        Map("DELETE", "/v1/files/{id}", wrap.Wrap(files.DeleteAsync));
        Map("POST", "/v1/batches", wrap.Wrap(batches.CreateAsync));
        Map("GET", "/v1/batches", wrap.Wrap(batches.ListAsync));
        Map("GET", "/v1/batches/{id}", wrap.Wrap(batches.GetAsync));
        Map("POST", "/v1/batches/{id}/cancel", wrap.Wrap(batches.CancelAsync));
    }
}
