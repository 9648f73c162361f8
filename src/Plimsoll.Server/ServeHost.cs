using System;
using System.Collections.Generic;
using System.IO;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Plimsoll.Core;
using Plimsoll.Core.Promises;
using Plimsoll.Engine.Simulated;
using Plimsoll.Server.Api;
using Plimsoll.Server.Batches;
using Plimsoll.Server.Capture;
using Plimsoll.Server.Cascade;
using Plimsoll.Server.Configuration;
using Plimsoll.Server.Dashboard;
using Plimsoll.Server.Files;
using Plimsoll.Server.FineTuning;
using Plimsoll.Server.Gateway;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Rollout;
using Plimsoll.Server.Serving;
using Plimsoll.Server.Storage;
using Plimsoll.Server.Telemetry;

namespace Plimsoll.Server;

/// <summary>
/// The server as a whole: reads nothing but its configuration, owns the engines, the books and the listener,
/// and takes them down in order.
/// </summary>
public sealed partial class ServeHost : IAsyncDisposable
{
    const int SlowestReaderBytesPerSecond = 1024;

    readonly WebApplication _app;
    readonly Gate _gate;
    readonly ModelDirectory _models;
    readonly LedgerBook _book;
    readonly Dictionary<string, UpstreamModel> _upstreams;
    TimeSpan _drain;
    readonly Database _database;
    readonly GroupCommit _commit;
    readonly LedgerWriter _writer;
    readonly SharedSettlement? _shared;
    readonly FileStore _files;
    readonly string _fixed;
    readonly BatchStore _batches;
    readonly TrafficCapture _capture;
    readonly NightlyAudit _audit;
    readonly UpstreamAdapters _adapters;
    LiveBoard? _board;
    BatchPlaces? _places;
    BatchRunner? _runner;
    FineTuningRunner? _tuning;
    RolloutDesk? _rollouts;
    RegistryBoard? _registry;
    ShadowMirror? _shadow;
    OtlpExport? _export;
    LogLevels? _logLevels;
    Levels _levels;

    ServeHost(
        WebApplication app, Gate gate, ModelDirectory models, LedgerBook book, Levels levels,
        ServeConfig config, Database database, SharedEngines? shared,
        Dictionary<string, UpstreamModel> upstreams, TimeProvider time)
    {
        _upstreams = upstreams;
        _fixed = Fixed(config);
        var log = app.Services.GetRequiredService<ILoggerFactory>();
        _database = database;
        _commit = new GroupCommit(database, log.CreateLogger<GroupCommit>());
        _adapters = new UpstreamAdapters(upstreams.Values, new AdapterShelf(_commit), IsServed, time,
            log.CreateLogger<UpstreamAdapters>());
        _files = new FileStore(config.State, database, _commit, time);
        _batches = new BatchStore(database, _commit, time);
        _capture = new TrafficCapture(config.State);
        _audit = new NightlyAudit(Samples, _commit, time, log.CreateLogger<NightlyAudit>());
        _app = app;
        _gate = gate;
        _models = models;
        _book = book;
        _shared = shared is null ? null : new SharedSettlement(shared, _commit, book, upstreams.Values);
        _writer = new LedgerWriter(
            book, _commit, PostIdleAsync, TimeSpan.FromMilliseconds(500), shared is null ? null
                : new BudgetLeases(shared.Gateway, book, gate.Budgets.InWork, gate.Budgets.Lease, time),
            () => _shared is { IsOwed: true });
        _levels = levels;
        _drain = DrainOf(config);
    }

    /// <summary>Where it listens, once started.</summary>
    public IReadOnlyCollection<string> Addresses => [.. _app.Urls];

    public LedgerBook Book => _book;

    /// <summary>Holds the ledger's split against Shapley values now rather than at night.</summary>
    public Task AuditAsync() => _audit.RunAsync();

    /// <summary>Builds and starts everything; throws <see cref="BadInputException"/> for what cannot be
    /// served.</summary>
    public static async Task<ServeHost> StartAsync(ServeConfig config, TimeProvider time, string version,
        TextWriter story)
    {
        ConfigCheck.Check(config, "serve");
        var export = OtlpExport.Start(config.Telemetry, version);
        var logLevels = new LogLevels();
        var builder = Builder(config, logLevels, traces: export is not null);
        var app = builder.Build();

        var book = new LedgerBook(time, config.Release);
        if (export is not null)
            RequestTelemetry.Attach(book);
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
            else if (model.Cascade is { } cascade)
                models.Cascades.Add(model.Name, new CascadeModel(model.Name, cascade, time.GetUtcNow()));
        }
        var upstreams = Upstreams(config, levels, book, time, story);
        var database = Database.Open(config.Ledger, config.State);
        var shared = Share(config, gate, upstreams, story);
        LedgerWriter.Begin(book, database, time, shared);
        var host = new ServeHost(app, gate, models, book, levels, config, database, shared, upstreams, time)
        {
            _export = export,
            _logLevels = logLevels,
        };
        host.Map(config, time, version);
        try
        {
            await host._adapters.StartAsync();
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

    static WebApplicationBuilder Builder(ServeConfig config, LogLevels logLevels, bool traces)
    {
        var tls = config.Tls is null ? null : TlsFiles.Read(config.Tls);
        // An empty one: neither the environment nor an appsettings.json may open a port or set a limit.
        var builder = WebApplication.CreateEmptyBuilder(
            new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Logging.AddSimpleConsole(options => options.SingleLine = true);
        logLevels.Configure(config.Log);
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Logging.AddFilter((_, category, level) => logLevels.IsEnabled(category, level));
        // Kestrel makes a span for every request as soon as anybody could log in it.
        if (!traces)
            builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.WebHost.ConfigureKestrel(options => Listen(options, config, tls));
        builder.Services.AddSingleton<RequestShell>();
        return builder;
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
        _drain = DrainOf(config);
        _logLevels?.Configure(config.Log);
        return Fixed(config) == _fixed;
    }

    /// <summary>What a running server cannot change.</summary>
    static string Fixed(ServeConfig config) => JsonSerializer.Serialize(new
    {
        config.Models, config.Listen, config.Ledger, config.State, config.Tls, config.DecisionLog,
        config.Release, config.Telemetry, config.Registry,
        config.Limits.MaxConnections, config.Limits.HeadersTimeout,
    });

    static TimeSpan DrainOf(ServeConfig config) =>
        TimeSpan.FromMilliseconds(PromiseText.Duration(config.Limits.Drain, "drain") / 1e6);

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
        _commit.EndPatience();
        if (_runner is not null)
            await _runner.DisposeAsync();
        _places?.Dispose();
        if (_tuning is not null)
            await _tuning.DisposeAsync();
        _board?.Dispose();
        _registry?.Dispose();
        if (_shadow is not null)
            await _shadow.DisposeAsync();
        await _app.DisposeAsync();
        await _models.DisposeAsync();
        await _adapters.DisposeAsync();
        foreach (var model in _upstreams.Values)
            model.Dispose();
        await _audit.DisposeAsync();
        await _capture.DisposeAsync();
        await _writer.DisposeAsync();
        if (_shared is not null)
            await _shared.LeaveAsync();
        await _commit.DisposeAsync();
        _database.Dispose();
        _export?.Dispose();
    }

    IEnumerable<StepSample> Samples()
    {
        foreach (var model in _models.Local)
        {
            if (model.Steps is { } steps)
                yield return steps;
        }
    }

    Task PostIdleAsync() => _gate.Budgets.AfterPostingAsync(PostUntilNowAsync);

    async Task<Task> PostUntilNowAsync()
    {
        foreach (var model in _models.Local)
            model.PostIdle();
        if (_shared is not null)
            return await _shared.RunAsync();
        foreach (var model in _upstreams.Values)
            model.PostEstimates();
        return Task.CompletedTask;
    }

    /// <summary>
    /// On PostgreSQL other gateways may book the same engines and spend the same budgets; on a file none can.
    /// </summary>
    static SharedEngines? Share(
        ServeConfig config, Gate gate, Dictionary<string, UpstreamModel> upstreams, TextWriter story)
    {
        if (!Database.IsPostgres(config.Ledger))
        {
            if (upstreams.Count > 0)
            {
                story.WriteLine("plimsoll: this gateway books all the time of its upstreams; several before "
                    + "the same ones share it and the budgets on one ledger: postgres://… only");
            }
            return null;
        }
        gate.Budgets.AreShared = true;
        foreach (var model in upstreams.Values)
            model.Share();
        return new SharedEngines(Guid.NewGuid().ToString("N"));
    }

    static Dictionary<string, UpstreamModel> Upstreams(
        ServeConfig config, Levels levels, LedgerBook book, TimeProvider time, TextWriter story)
    {
        var models = new Dictionary<string, UpstreamModel>(StringComparer.Ordinal);
        foreach (var model in config.Models)
        {
            if (model.Upstreams.Count == 0)
                continue;
            var replicas = model.Upstreams.ConvertAll(upstream => new UpstreamReplica(upstream, time));
            models.Add(model.Name, new UpstreamModel(
                model.Name, replicas, model.PriceUsdPerHour ?? 0, book, time, model.Fallback,
                model.Twin is null ? null : EngineFactory.Twin(model.Twin, levels.Specs,
                    what => story.WriteLine($"plimsoll: {model.Name}: {what}"))));
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

    static void Listen(
        KestrelServerOptions options, ServeConfig config, HttpsConnectionAdapterOptions? tls)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MaxConcurrentConnections = config.Limits.MaxConnections;
        options.Limits.RequestHeadersTimeout = TimeSpan.FromMilliseconds(
            PromiseText.Duration(config.Limits.HeadersTimeout, "headers_timeout") / 1e6);
        options.Limits.MaxRequestHeadersTotalSize = 32 * 1024;
        // Streams and files have a patience of their own; this is for what is written in one piece.
        var patienceNs = PromiseText.Duration(config.Limits.SlowReaderTimeout, "slow_reader_timeout");
        options.Limits.MinResponseDataRate = new MinDataRate(
            SlowestReaderBytesPerSecond, TimeSpan.FromSeconds(Math.Max(2, patienceNs / 1e9)));
        foreach (var address in config.Listen)
        {
            var uri = new Uri(address);
            void Secure(ListenOptions listen)
            {
                if (uri.Scheme == "https")
                    listen.UseHttps(tls!);
            }
            if (uri.Host == "localhost")
                options.ListenLocalhost(uri.Port, Secure);
            else
                options.Listen(System.Net.IPAddress.Parse(uri.Host.Trim('[', ']')), uri.Port, Secure);
        }
    }
}
