using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Calibration;

/// <summary>
/// A simulated run of what was measured. <see cref="Terms"/> says how much of each predicted figure every
/// term accounts for: while the schedule stays as it is, scaling a term by s adds (s − 1) times its share.
/// </summary>
public sealed record Replay
{
    public required LatencyFigures Predicted { get; init; }

    public required SimulationResult Result { get; init; }

    readonly Dictionary<Metric, TermVector> _terms = [];

    /// <summary>Milliseconds of a predicted figure by term; they sum to the figure.</summary>
    public TermVector Terms(Metric metric) => _terms[metric];

    /// <param name="observation">What to replay.</param>
    /// <param name="scale">Multipliers around the curves.</param>
    /// <param name="withTerms">Whether to split the figures by term, which takes longer.</param>
    public static Replay Of(Observation observation, StepScale scale, bool withTerms = false)
    {
        var load = observation.Load;
        var engine = EngineOf(observation, scale);
        var shares = withTerms ? new TermShares(engine.StepTime, observation) : null;
        var result = FleetSimulation.Run(
            new Fleet { Serving = engine.Pool(observation.Deployment.DataParallel) }, load.Open(),
                load.ClosedLoop,
            new SimulationOptions
            {
                Requests = load.Requests,
                WarmupRequests = load.WarmupRequests,
                CooldownRequests = load.CooldownRequests,
                Observer = shares is null ? null : shares.Complete,
                StepObserver = shares is null ? null : shares.Step,
            });
        var replay =
            new Replay { Predicted = Figures(result.Latencies, observation.Medians), Result = result };
        if (shares is not null)
        {
            foreach (var metric in Enum.GetValues<Metric>())
                replay._terms[metric] = shares.Of(metric, replay.Predicted[metric] ?? 0);
        }
        return replay;
    }

    static SimulatedEngine EngineOf(Observation observation, StepScale scale)
    {
        var deployment = observation.Deployment;
        var spec = EngineCatalogue.Of(deployment.Engine);
        if (observation.EngineClock)
        {
            spec = spec with
            {
                Overhead = spec.Overhead with { RequestNs = 0, RequestTokenNs = 0, ExposedSequenceNs = 0 },
            };
        }
        var curves =
            observation.Curves ?? StepTimeCatalogue.For(deployment.Accelerator, deployment.Engine.Engine);
        return SimulatedEngine.Of(
            new StepTimeModel(deployment, curves, spec, scale), SchedulingPolicy.VllmV1,
            observation.Load.MeanContextTokens);
    }

    static LatencyFigures Figures(LatencyRecorders latencies, bool medians) => new()
    {
        TtftMs = Figure(latencies.Ttft, medians),
        TpotMs = Figure(latencies.Tpot, medians),
        ItlMs = Figure(latencies.Itl, medians),
        E2eMs = Figure(latencies.E2e, medians),
    };

    static double? Figure(LatencyRecorder recorder, bool median) =>
        (median ? recorder.PercentileNs(50) : recorder.MeanNs) / 1e6;
}
