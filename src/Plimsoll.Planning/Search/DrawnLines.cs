using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Draws;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Choices;

namespace Plimsoll.Planning.Search;

/// <summary>
/// What an engine rank carries in each of many ways in which its step times may be wrong, drawn jointly and
/// in the same order for every engine, so that what is compared is compared draw by draw.
/// <para>
/// An engine whose steps all last e times as long meets a rate as the predicted one meets e times that rate,
/// its clock going e times slower. So one sweep of the rate tells the load line of every draw: that of the
/// predicted engine under limits over what the draw stretches each figure by, over e. What is left out is
/// that terms change their share of a step with the rate, and that bursts keep their length;
/// <c>DrawnLinesTests</c> holds it against searches with the drawn models themselves.
/// </para>
/// </summary>
sealed class DrawnLines
{
    public const int Count = 64;

    /// <summary>Rates of the sweep over the load line, close where most draws end.</summary>
    static readonly double[] Rates = [0.25, 0.5, 0.68, 0.82, 0.92, 1, 1.08, 1.2, 1.5, 2.2];

    readonly RateCurve _curve;
    readonly Serving _serving;
    readonly double _predicted;
    readonly DrawnLine[] _draws;

    DrawnLines(RateCurve curve, Serving serving, double predicted, DrawnLine[] draws)
    {
        _curve = curve;
        _serving = serving;
        _predicted = predicted;
        _draws = draws;
    }

    public IReadOnlyList<DrawnLine> Draws => _draws;

    /// <summary>Draws around an engine's load line and what it carries when nobody waits.</summary>
    /// <param name="sized">An engine that keeps the promise.</param>
    /// <param name="serving">What is served.</param>
    /// <param name="afterRun">Called after each simulated run with its requests.</param>
    public static DrawnLines Of(SizedEngine sized, Serving serving, Action<long>? afterRun = null)
    {
        var (engine, line, full) = (sized.Engine, sized.Line, sized.Full!);
        var size = ProbeSize.Of(serving, full.RequestsPerSecond).Glance();
        var search = new LoadLineSearch(engine, serving, size) { AfterRun = afterRun };
        var own = line.Lines[0] > 0 ? line.Lines[0] : line.RequestsPerSecond;
        var steps = new StepSample();
        var curve = RateCurve.Of(
            search, RatesAround(own, full.RequestsPerSecond), observed: (own, steps.Add));
        var predicted = curve.LoadLine(serving.Levels, (_, ns) => ns);
        var draws = new DrawnLine[Count];
        Parallel.For(0, Count, i =>
        {
            var draw = engine.StepTime.Errors.Draw(i, Count);
            var model = engine.StepTime.Drawn(draw);
            var (atLine, inFull) = (steps.Of(engine.StepTime, model), full.Steps.Of(engine.StepTime, model));
            var ceiling = full.RequestsPerSecond / inFull.All;
            var onCurve = Math.Min(
                curve.LoadLine(serving.Levels, (metric, ns) => Drawn(metric, ns, atLine, draw)),
                atLine.All * ceiling);
            var overPredicted = onCurve / atLine.All / (predicted > 0 ? predicted : own);
            draws[i] = new DrawnLine(
                draw, overPredicted, overPredicted * Resampled(line, i), ceiling, onCurve, atLine, inFull);
        });
        return new DrawnLines(curve, serving, predicted, draws);
    }

    /// <summary>The same draws around the load line as more streams tell it.</summary>
    public DrawnLines Around(LoadLineResult line) => new(
        _curve, _serving, _predicted,
        [.. _draws.Select((d, i) => d with { LoadLine = d.OverPredicted * Resampled(line, i) })]);

    /// <summary>The latencies of a draw at its own load line.</summary>
    public LatencySummary Latency(int draw, Metric metric)
    {
        var of = _draws[draw];
        return Latency(_curve, of.OnCurve, of.AtLine, of.Draw, metric);
    }

    /// <summary>The load line of a draw under another limit alone, requests per second.</summary>
    public double LineUnder(int draw, Limit limit)
    {
        var of = _draws[draw];
        var level = LevelPromise.Of(_serving.Levels[0].Spec, [limit]);
        var onCurve = _curve.LoadLine([level], (metric, ns) => Drawn(metric, ns, of.AtLine, of.Draw));
        return Math.Min(of.Ceiling, onCurve / of.AtLine.All);
    }

    /// <summary>What is carried as predicted under other promises, over these; 0 for none.</summary>
    public double Gain(IReadOnlyList<LevelPromise> levels) =>
        _predicted > 0 ? _curve.LoadLine(levels, (_, ns) => ns) / _predicted : 0;

    /// <summary>Latencies at a rate of the predicted engine, stretched as a draw does.</summary>
    public static LatencySummary Latency(
        RateCurve curve, double rate, StepStretch stretch, StepErrorDraw draw, Metric metric)
    {
        var added = metric == Metric.E2e && curve.At(rate, r => r.Latencies.Ttft.MeanNs) is { } ttft
            ? (Drawn(Metric.Ttft, ttft, stretch, draw) - (ttft * stretch.Decodes)) / 1e6
            : 0;
        return new LatencySummary(
            At(l => l.MeanNs), At(l => l.PercentileNs(50)), At(l => l.PercentileNs(90)),
            At(l => l.PercentileNs(95)), At(l => l.PercentileNs(99)));

        double? At(Func<LatencyRecorder, double?> figure) =>
            curve.At(rate, r => figure(r.Latencies[metric])) is { } ns
                ? Math.Max(0, (Drawn(metric, ns, stretch, draw) / 1e6) + added)
                : null;
    }

    /// <summary>A figure of the predicted engine as it is in a draw, nanoseconds.</summary>
    static double Drawn(Metric metric, double ns, StepStretch steps, StepErrorDraw draw) =>
        metric == Metric.Ttft ? draw.FirstTokenNs(ns * steps.Prompts) : ns * steps.Decodes;

    static IEnumerable<double> RatesAround(double line, double ceiling)
    {
        yield return LoadLineSearch.IdleShare * Math.Min(line, ceiling);
        foreach (var rate in Rates)
        {
            if (rate <= 1 || rate * line <= 1.1 * ceiling)
                yield return rate * line;
        }
    }

    /// <summary>
    /// The mean of as many streams drawn with replacement, as far from all streams' as a mean of so few
    /// lies from the truth: what another seed would have given.
    /// </summary>
    static double Resampled(LoadLineResult line, int draw)
    {
        var streams = line.Lines.Count;
        if (streams < 2)
            return line.RequestsPerSecond;
        var random = new RandomStream((ulong)draw, purpose: 0x5345_4544);
        double sum = 0;
        for (var i = 0; i < streams; i++)
            sum += line.Lines[random.NextBelow(streams)];
        var off = (sum / streams) - line.RequestsPerSecond;
        return line.RequestsPerSecond + (off * Math.Sqrt(streams / (streams - 1.0)));
    }
}

/// <summary>An engine rank as it would be if the prediction were wrong in one way.</summary>
/// <param name="Draw">How.</param>
/// <param name="OverPredicted">Its load line over the predicted engine's.</param>
/// <param name="LoadLine">Requests per second; 0 where an idle engine breaks the promise.</param>
/// <param name="Ceiling">What it carries when nobody waits, requests per second.</param>
/// <param name="OnCurve">The rate at which the predicted engine does what this does at its load line.</param>
/// <param name="AtLine">How its steps at the load line differ from the predicted.</param>
/// <param name="Full">How those of full batches differ.</param>
sealed record DrawnLine(
    StepErrorDraw Draw, double OverPredicted, double LoadLine, double Ceiling, double OnCurve,
    StepStretch AtLine, StepStretch Full);
