using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Plimsoll.Engine;
using Plimsoll.Server.Ledger;
using Plimsoll.Server.Metrics;

namespace Plimsoll.Server.Serving;

/// <summary>
/// An engine inside this process under the name it is served by, and what is measured and billed of it.
/// </summary>
public sealed class LocalModel : IAsyncDisposable
{
    readonly LedgerBook _book;
    readonly EngineMeter[] _meters;
    readonly HeadroomModel? _headroom;
    readonly List<StepListener> _listeners = [];

    /// <param name="name">Name that requests use.</param>
    /// <param name="engine">Serves it.</param>
    /// <param name="ranks">Engine ranks, each billed by itself.</param>
    /// <param name="usdPerHour">Price of one rank.</param>
    /// <param name="book">Where it is billed.</param>
    /// <param name="headroom">Finds the headroom in a step; null where steps are not predicted.</param>
    /// <param name="startedUtc">UTC time of the engine's clock's zero.</param>
    public LocalModel(
        string name, IServingEngine engine, int ranks, decimal usdPerHour, LedgerBook book,
            HeadroomModel? headroom,
        DateTimeOffset startedUtc)
    {
        Name = name;
        Engine = engine;
        Created = startedUtc;
        UsdPerHour = usdPerHour * ranks;
        _book = book;
        _headroom = headroom;
        _meters = new EngineMeter[ranks];
        for (var i = 0; i < ranks; i++)
        {
            _meters[i] = book.AddEngine($"{name}/{i}", usdPerHour, startedUtc,
                headroom?.LoneTokenNs ?? TokenPrices.CautiousTokenNs, tellsSteps: true);
        }
        Metrics = new ModelMetrics(name);
        Steps = headroom is null ? null : new StepSample(name, headroom.StepTime);
        engine.OnStep = OnStep;
    }

    int _interactive;

    /// <summary>Requests in flight that somebody waits for.</summary>
    public int Interactive => Volatile.Read(ref _interactive);

    /// <summary>One more, or with −1 one less.</summary>
    public void CountInteractive(int change) => Interlocked.Add(ref _interactive, change);

    public string Name { get; }

    public IServingEngine Engine { get; }

    public DateTimeOffset Created { get; }

    /// <summary>Price of all its ranks.</summary>
    public decimal UsdPerHour { get; }

    public ModelMetrics Metrics { get; }

    /// <summary>Steps kept for the next audit; null where steps are not predicted.</summary>
    public StepSample? Steps { get; }

    public IReadOnlyList<EngineMeter> Meters => _meters;

    /// <summary>Adds somebody who hears of every step; before requests are taken.</summary>
    public void Listen(StepListener listener) => _listeners.Add(listener);

    /// <summary>Books an engine's idle time up to now, unless it has work.</summary>
    public void PostIdle()
    {
        var telemetry = Engine.Telemetry;
        if (telemetry.Running > 0 || telemetry.Waiting > 0)
            return;
        foreach (var meter in _meters)
            _book.PostIdle(meter, telemetry.NowNs);
    }

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    void OnStep(in EngineStep step)
    {
        Metrics.StepTokens.Add(step.Shape.Tokens);
        Steps?.Add(step);
        _book.Post(_meters[step.Rank], step, _headroom?.Of(step.Shape, step.DurationNs) ?? 0);
        foreach (var listener in _listeners)
            listener(step);
    }
}
