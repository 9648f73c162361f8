using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using Plimsoll.Tuning.Deployment;

namespace Plimsoll.Server.Rollout;

/// <summary>Who can answer for a task.</summary>
/// <param name="Name">Served model or adapter.</param>
/// <param name="Upstream">Model behind the gateway whose replicas hold the adapter; null: the name is one
/// that the server knows by itself.</param>
public sealed record Answerer(string Name, string? Upstream);

/// <summary>
/// One task's promotion in a running server. Requests read the routing without a lock; what they bring back
/// is observed one at a time, and a broken guard changes the routing before the next request is routed.
/// </summary>
public sealed class TaskRollout
{
    const int MostEvents = 100;

    readonly Lock _gate = new();
    readonly Promotion _promotion;
    readonly HashSet<string>? _labels;
    readonly TimeProvider _time;
    readonly Action _changed;
    readonly List<RolloutEvent> _history;
    readonly Answerer _production;
    readonly Answerer _candidate;
    volatile RoutingTable _routing;

    /// <param name="changed">Called after every change of the routing, under no lock.</param>
    public TaskRollout(RolloutSpec spec, Promotion promotion, Answerer production, Answerer candidate,
        IReadOnlyList<RolloutEvent> history, TimeProvider time, Action changed)
    {
        Spec = spec;
        _time = time;
        _changed = changed;
        _promotion = promotion;
        (_production, _candidate) = (production, candidate);
        _labels = spec.Labels is null ? null : new HashSet<string>(spec.Labels, StringComparer.Ordinal);
        _history = [.. history];
        _routing = _promotion.Routing;
        if (history.Count == 0 || history[^1].Revision < _routing.Revision)
            Remember();
    }

    public RolloutSpec Spec { get; }

    public bool IsOver
    {
        get
        {
            lock (_gate)
                return _promotion.IsOver;
        }
    }

    /// <summary>Who answers this key, and under which revision.</summary>
    public (Answerer Answerer, RoutingTable Routing) Route(string key)
    {
        var routing = _routing;
        return (routing.Route(key) == _candidate.Name ? _candidate : _production, routing);
    }

    /// <summary>The candidate while requests are mirrored to it; null otherwise.</summary>
    public Answerer? Shadowed => _routing.Shadow ? _candidate : null;

    public void Observe(string answerer, in AnswerReport report)
    {
        var measured = Measured(report);
        if (measured.Count == 0)
            return;
        bool changed;
        lock (_gate)
        {
            changed = _promotion.Observe(answerer, measured);
            if (changed)
                Remember();
        }
        if (changed)
            _changed();
    }

    /// <returns>False when it was rolled back already.</returns>
    public bool RollBack(string reason)
    {
        lock (_gate)
        {
            if (!_promotion.RollBack(reason))
                return false;
            Remember();
        }
        _changed();
        return true;
    }

    public RolloutState State
    {
        get
        {
            lock (_gate)
            {
                var routing = _promotion.Routing;
                return new RolloutState(
                    Spec.Task, NameOf(_promotion.Stage), routing.Revision, routing.Production,
                    routing.Candidate, routing.CandidateShare / 100.0, routing.Shadow, _promotion.Reason,
                    [.. _promotion.Guards.Select(View)], [.. _history]);
            }
        }
    }

    internal static string NameOf(PromotionStage stage) => stage switch
    {
        PromotionStage.RolledBack => "rolled_back",
        _ => stage.ToString().ToLowerInvariant(),
    };

    Dictionary<string, double> Measured(in AnswerReport report)
    {
        var measured = new Dictionary<string, double> { ["errors"] = report.Failed ? 1 : 0 };
        if (report.PromisedTtftNs is { } promised && !report.Failed && report.TtftNs is { } ttft)
            measured["late"] = ttft > promised ? 1 : 0;
        if (_labels is not null && !report.Failed && report.Text is { } text)
            measured["invalid"] = _labels.Contains(text.Trim()) ? 0 : 1;
        return measured;
    }

    void Remember()
    {
        _routing = _promotion.Routing;
        _history.Add(new RolloutEvent(_time.GetUtcNow(), _routing.Revision, NameOf(_promotion.Stage),
            _routing.Production == _candidate.Name ? 100 : _routing.CandidateShare / 100.0,
            _promotion.Reason));
        if (_history.Count > MostEvents)
            _history.RemoveAt(0);
    }

    static GuardView View(GuardState state) => new(
        state.Guard.Metric, state.Verdict.ToString().ToLowerInvariant(), 100 * state.Guard.Margin,
        View(state.Candidate), View(state.Production));

    static ArmView View(GuardState.Arm arm) => new(
        arm.Count, arm.Count == 0 ? null : 100 * arm.Mean, 100 * arm.Low, 100 * arm.High);
}

/// <summary>What came of one answer.</summary>
/// <param name="PromisedTtftNs">Null: no first token was promised, as in a shadow.</param>
/// <param name="Text">Null where the answer's text is not known.</param>
public readonly record struct AnswerReport(bool Failed, long? TtftNs, long? PromisedTtftNs, string? Text);
