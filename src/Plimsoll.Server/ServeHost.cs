using System;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Engine.Simulated;
using Plimsoll.Server.Api;
using Plimsoll.Server.Batches;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Dashboard;
using Plimsoll.Server.Files;
using Plimsoll.Server.FineTuning;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Storage;

namespace Plimsoll.Server;

/// <summary>
/// The server as a whole: reads nothing but its configuration, owns the engines, the books and the listener,
/// and takes them down in order.
/// </summary>
public sealed class ServeHost : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly Gate _gate;
    readonly ModelDirectory _models;
    readonly LedgerBook _book;
    readonly Dictionary<string, UpstreamModel> _upstreams;
    readonly TimeSpan _drain;
    readonly Database _database;
    readonly GroupCommit _commit;
    readonly LedgerWriter _writer;
    readonly FileStore _files;
    readonly string _fixed;
    readonly BatchStore _batches;
    LiveBoard? _board;
    BatchRunner? _runner;
    FineTuningRunner? _tuning;
    RolloutDesk? _rollouts;
    ShadowMirror? _shadow;
    Levels _levels;

    ServeHost(
        WebApplication app, Gate gate, ModelDirectory models, LedgerBook book, Levels levels, TimeSpan drain,
        ServeConfig config, Database database, Dictionary<string, UpstreamModel> upstreams, TimeProvider time)
    {
        _upstreams = upstreams;
        _fixed = Fixed(config);
        var log = app.Services.GetRequiredService<ILoggerFactory>();
        _database = database;
        _commit = new GroupCommit(database, log.CreateLogger<GroupCommit>());
        _files = new FileStore(config.State, database, _commit, time);
        _batches = new BatchStore(database, _commit, time);
        _writer = new LedgerWriter(book, _commit, PostIdle, TimeSpan.FromMilliseconds(500));
        _app = app;
        _gate = gate;
        _models = models;
        _book = book;
        _levels = levels;
        _drain = drain;
    }

    /// <summary>Where it listens, once started.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _app.Urls];

    public LedgerBook Book => _book;

    /// <summary>Builds and starts everything; throws <see cref="BadInputException"/> for what cannot be
    /// served.</summary>
    public static async Task<ServeHost> StartAsync(ServeConfig config, TimeProvider time, string version,
        TextWriter story)
    {
        ConfigCheck.Check(config, "serve");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(options => options.SingleLine = true);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.ConfigureKestrel(options => Listen(options, config));
        builder.Services.AddSingleton<RequestShell>();
        var app = builder.Build();

        var book = new LedgerBook(time, config.Release);
        var levels = new Levels(config.Levels);
        var gate = new Gate(book, time);
        gate.Configure(config);
        var models = new ModelDirectory();
        var logs = new DecisionLogFiles(config, story);
        foreach (var model in config.Models)
        {
            if (model.Simulated is { } simulated)
                models.Add(Simulate(model, simulated, levels, logs.Of(model), book, time));
            else if (model.Llama is { } llama)
                models.Add(Compute(model, llama, levels, config.State, logs.Of(model), book, time, story));
        }
        var drain = TimeSpan.FromMilliseconds(PromiseText.Duration(config.Limits.Drain, "drain") / 1e6);
        var upstreams = Upstreams(config, levels, book, time);
        var database = Database.Open(config.Ledger, config.State);
        LedgerWriter.Begin(book, database, time);
        var host = new ServeHost(app, gate, models, book, levels, drain, config, database, upstreams, time);
        host.Map(config, time, version);
        try
        {
            await host._rollouts!.RestoreAsync(story);
            await app.StartAsync();
        }
        catch (IOException e)
        {
            await host.DisposeAsync();
            throw new BadInputException($"cannot listen: {e.Message.ReplaceLineEndings(" ")}");
        }
        foreach (var address in host.Addresses)
            story.WriteLine($"plimsoll: serving at {address}");
        return host;
    }

    /// <summary>Runs until the process is told to stop, then drains: no new requests, running ones may
    /// end.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var stopping = new TaskCompletionSource();
        using var registration = stop.Register(() => stopping.TrySetResult());
        await stopping.Task;
        await StopAsync();
    }

    /// <summary>
    /// Takes over keys, limits and levels of a changed configuration; what runs keeps what it started with.
    /// Models, addresses and stores stay as they are until the next start: true where those are unchanged.
    /// </summary>
    public bool Reload(ServeConfig config)
    {
        ConfigCheck.Check(config, "serve");
        var levels = new Levels(config.Levels);
        _gate.Configure(config);
        _levels = levels;
        return Fixed(config) == _fixed;
    }

    /// <summary>What a running server cannot change.</summary>
    static string Fixed(ServeConfig config) => JsonSerializer.Serialize(new
    {
        config.Models, config.Listen, config.Ledger, config.State, config.Tls, config.DecisionLog,
        config.Release,
    });

    public async Task StopAsync()
    {
        _gate.Drain();
        using var patience = new CancellationTokenSource(_drain);
        while (_gate.Running > 0 && !patience.IsCancellationRequested)
            await Task.Delay(20, CancellationToken.None);
        await _app.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_runner is not null)
            await _runner.DisposeAsync();
        if (_tuning is not null)
            await _tuning.DisposeAsync();
        _board?.Dispose();
        if (_shadow is not null)
            await _shadow.DisposeAsync();
        await _app.DisposeAsync();
        await _models.DisposeAsync();
        foreach (var model in _upstreams.Values)
            model.Dispose();
        await _writer.DisposeAsync();
        await _commit.DisposeAsync();
        _database.Dispose();
    }

    void PostIdle()
    {
        foreach (var model in _models.Local)
            model.PostIdle();
        foreach (var model in _upstreams.Values)
            model.PostEstimates();
    }

    static Dictionary<string, UpstreamModel> Upstreams(
        ServeConfig config, Levels levels, LedgerBook book, TimeProvider time)
    {
        var models = new Dictionary<string, UpstreamModel>(StringComparer.Ordinal);
        foreach (var model in config.Models)
        {
            if (model.Upstreams.Count == 0)
                continue;
            var replicas = model.Upstreams.ConvertAll(upstream => new UpstreamReplica(upstream, time));
            models.Add(model.Name, new UpstreamModel(
                model.Name, replicas, model.PriceUsdPerHour ?? 0, book, time, model.Fallback,
                model.Twin is null ? null : EngineFactory.Twin(model.Twin, levels.Specs)));
        }
        return models;
    }

    static LocalModel Simulate(
        ModelConfig model, SimulatedConfig simulated, Levels levels, IReadOnlyList<string> logs,
        LedgerBook book, TimeProvider time)
    {
        var options = EngineFactory.Simulated(model.Name, simulated, levels.Specs) with
        {
            DecisionLogs = logs,
        };
        long? strictest = null;
        foreach (var level in levels.All)
            strictest = level.ItlNs is { } itl ? Math.Min(itl, strictest ?? itl) : strictest;
        var headroom = new HeadroomModel(options.StepTime, options.Limits, strictest);
        var started = time.GetUtcNow();
        return new LocalModel(
            model.Name, new SimulatedEngine(options, time), options.Ranks,
            EngineFactory.PricePerHour(model, options.StepTime.Deployment), book, headroom, started);
    }

    static LocalModel Compute(
        ModelConfig model, LlamaConfig llama, Levels levels, string state, IReadOnlyList<string> logs,
        LedgerBook book, TimeProvider time, TextWriter story)
    {
        var started = time.GetUtcNow();
        var engine = LlamaFactory.Start(
            model.Name, llama, levels.Specs, state, logs.Count > 0 ? logs[0] : null, time, story);
        if (model.PriceUsdPerHour is null)
        {
            story.WriteLine(
                $"plimsoll: {model.Name} has no price_usd_per_hour; its tokens are metered at $0");
        }
        return new LocalModel(model.Name, engine, 1, model.PriceUsdPerHour ?? 0, book, null, started);
    }

    static void Listen(KestrelServerOptions options, ServeConfig config)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxConcurrentConnections = config.Limits.MaxConnections;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        options.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        options.Limits.MinResponseDataRate = null;
        foreach (var address in config.Listen)
        {
            var uri = new Uri(address);
            void Secure(ListenOptions listen)
            {
                if (uri.Scheme == "https")
                {
                    listen.UseHttps(
                        X509Certificate2.CreateFromPemFile(config.Tls!.Certificate, config.Tls.Key));
                }
            }
            if (uri.Host == "localhost")
                options.ListenLocalhost(uri.Port, Secure);
            else if (System.Net.IPAddress.TryParse(uri.Host.Trim('[', ']'), out var ip))
                options.Listen(ip, uri.Port, Secure);
            else
                options.ListenAnyIP(uri.Port, Secure);
        }
    }

    void Map(ServeConfig config, TimeProvider time, string version)
    {
        var upstreams = new UpstreamEndpoints(_gate, _upstreams, () => _levels, _book, time);
        var answers = new WholeAnswer(_models, upstreams, () => _levels, _book, time);
        var places = new SemaphoreSlim(config.Limits.BatchConcurrency);
        var job =
            new BatchJob(_batches, _files, answers, name =>
                _upstreams.ContainsKey(name) || _models.FindLocal(name, out _) is not null, places, time);
        _runner =
            new BatchRunner(_batches, job.RunAsync, _app.Services.GetRequiredService<ILogger<BatchRunner>>());
        var wrap = _app.Services.GetRequiredService<RequestShell>();
        _rollouts = new RolloutDesk(config.State, _models, _upstreams, () => _levels, time);
        _shadow = new ShadowMirror(answers.OfCopyAsync);
        var completions = new CompletionEndpoints(
            _gate, _models, upstreams, () => _levels, _book, time, _rollouts, _shadow);
        MapRollouts(wrap, new RolloutEndpoints(_gate, _rollouts));
        var models = new ModelEndpoints(_gate, _models, upstreams, () => _levels, _book);
        var operations = new OperationEndpoints(_gate, _models, upstreams, version);
        _app.MapPost("/v1/chat/completions", wrap.Wrap(completions.ChatAsync));
        _app.MapPost("/v1/completions", wrap.Wrap(completions.TextAsync));
        var responses = new ResponseEndpoints(_gate, _models, upstreams, () => _levels, _book, time);
        _app.MapPost("/v1/responses", wrap.Wrap(responses.CreateAsync));
        _app.MapPost("/v1/embeddings", wrap.Wrap(models.EmbeddingsAsync));
        _app.MapGet("/v1/models", wrap.Wrap(models.ListAsync));
        _app.MapGet("/v1/models/{**model}", wrap.Wrap(models.GetAsync));
        _app.MapPost("/tokenize", wrap.Wrap(models.TokenizeAsync));
        _app.MapPost("/detokenize", wrap.Wrap(models.DetokenizeAsync));
        _app.MapPost("/v1/load_lora_adapter", wrap.Wrap(models.LoadAdapterAsync));
        _app.MapPost("/v1/unload_lora_adapter", wrap.Wrap(models.UnloadAdapterAsync));
        _tuning = new FineTuningRunner(
            config.State, _models, _files, time,
            _app.Services.GetRequiredService<ILogger<FineTuningRunner>>());
        MapTuning(wrap, new FineTuningEndpoints(_gate, _tuning.Desk, _tuning));
        MapFiles(wrap, new FileEndpoints(_gate, _files),
            new BatchEndpoints(_gate, _batches, _files, _runner, job));
        MapLive(config, time, version, wrap);
        _app.MapGet("/health", operations.HealthAsync);
        _app.MapGet("/version", operations.VersionAsync);
        _app.MapGet("/metrics", wrap.Wrap(operations.MetricsAsync));
        _app.MapFallback(wrap.Wrap(context => throw new ApiException(
            404, $"Unknown request URL: {context.Request.Method} {context.Request.Path}.",
                "invalid_request_error", null, "unknown_url")));
    }

    void MapLive(ServeConfig config, TimeProvider time, string version, RequestShell wrap)
    {
        _board = new LiveBoard(_models, _upstreams, () => _levels, _book, time);
        double loadLine = 0;
        foreach (var model in config.Models)
        {
            var replicas = Math.Max(1, Math.Max(model.Upstreams.Count, model.Simulated?.Replicas ?? 1));
            loadLine += replicas * (model.LoadLineRequestsPerSecond ?? 0);
        }
        var live = new LiveEndpoints(
            _board, context => _gate.AuthenticateAdmin(context), () => _levels, LiveModels,
            () => _rollouts!.States, loadLine > 0 ? loadLine : null, version,
            _app.Lifetime.ApplicationStopping);
        _app.MapGet("/", live.PageAsync);
        _app.MapGet("/live", wrap.Wrap(live.EventsAsync));
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
                model.Twins?.Waiting ?? 0, []));
        }
        return [.. models];
    }

    void MapTuning(RequestShell wrap, FineTuningEndpoints tuning)
    {
        const string jobs = "/v1/fine_tuning/jobs";
        _app.MapPost(jobs, wrap.Wrap(tuning.CreateAsync));
        _app.MapGet(jobs, wrap.Wrap(tuning.ListAsync));
        _app.MapGet(jobs + "/{id}", wrap.Wrap(tuning.GetAsync));
        _app.MapPost(jobs + "/{id}/cancel", wrap.Wrap(tuning.CancelAsync));
        _app.MapPost(jobs + "/{id}/pause", wrap.Wrap(tuning.PauseAsync));
        _app.MapPost(jobs + "/{id}/resume", wrap.Wrap(tuning.ResumeAsync));
        _app.MapGet(jobs + "/{id}/events", wrap.Wrap(tuning.EventsAsync));
        _app.MapGet(jobs + "/{id}/checkpoints", wrap.Wrap(tuning.CheckpointsAsync));
    }

    void MapRollouts(RequestShell wrap, RolloutEndpoints rollouts)
    {
        _app.MapPost("/v1/rollouts", wrap.Wrap(rollouts.CreateAsync));
        _app.MapGet("/v1/rollouts", wrap.Wrap(rollouts.ListAsync));
        _app.MapGet("/v1/rollouts/{task}", wrap.Wrap(rollouts.GetAsync));
        _app.MapPost("/v1/rollouts/{task}/rollback", wrap.Wrap(rollouts.RollBackAsync));
    }

    void MapFiles(RequestShell wrap, FileEndpoints files, BatchEndpoints batches)
    {
        _app.MapPost("/v1/files", wrap.Wrap(files.UploadAsync));
        _app.MapGet("/v1/files", wrap.Wrap(files.ListAsync));
        _app.MapGet("/v1/files/{id}", wrap.Wrap(files.GetAsync));
        _app.MapGet("/v1/files/{id}/content", wrap.Wrap(files.ContentAsync));
        _app.MapDelete("/v1/files/{id}", wrap.Wrap(files.DeleteAsync));
        _app.MapPost("/v1/batches", wrap.Wrap(batches.CreateAsync));
        _app.MapGet("/v1/batches", wrap.Wrap(batches.ListAsync));
        _app.MapGet("/v1/batches/{id}", wrap.Wrap(batches.GetAsync));
        _app.MapPost("/v1/batches/{id}/cancel", wrap.Wrap(batches.CancelAsync));
    }
}
