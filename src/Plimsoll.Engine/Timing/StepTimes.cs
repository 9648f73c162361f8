using System;
using System.Threading;
using Plimsoll.Core.Timing;

namespace Plimsoll.Engine.Timing;

/// <summary>
/// How long steps take on this machine, learnt from steps: a piecewise linear function of the new
/// tokens (knots at 1, 2, 4 … 1024), and a cost per token of context read by decodes and per
/// query–key pair of prompts. Recursive least squares with forgetting refine it while it serves; it
/// never falls with more tokens.
/// </summary>
public sealed class StepTimes : IStepTimes
{
    const int Knots = 11;
    const int Terms = Knots + 2;
    const double Forgetting = 0.998;
    const double MostUncertain = 1e13;

    readonly Lock _gate = new();
    readonly double[] _weights = new double[Terms];
    readonly double[,] _covariance = new double[Terms, Terms];
    readonly double[] _features = new double[Terms];
    readonly double[] _gain = new double[Terms];

    /// <param name="weights">What was learnt before; null to begin anew.</param>
    public StepTimes(ReadOnlySpan<double> weights = default)
    {
        if (weights.Length == Terms)
            weights.CopyTo(_weights);
        for (var i = 0; i < Terms; i++)
            _covariance[i, i] = weights.Length == Terms ? 1e-2 * (1 + (weights[i] * weights[i])) : 1e12;
    }

    /// <summary>Begins from steps that were timed and fitted, and goes on learning.</summary>
    public static StepTimes From(MeasuredStepsSpec fit)
    {
        var weights = new double[Terms];
        for (var knot = 0; knot < Knots; knot++)
            weights[knot] = fit.OfTokens(1 << knot) / 1e3;
        weights[Knots] = fit.ContextTokenNs;
        weights[Knots + 1] = fit.PairNs * 1e3;
        return new StepTimes(weights);
    }

    /// <summary>Steps learnt from.</summary>
    public long Observations { get; private set; }

    /// <summary>
    /// Running mean of |predicted − real| ÷ real, over about the last 200 steps; unknown before the first.
    /// </summary>
    public double? RelativeError { get; private set; }

    /// <summary>
    /// What it has learnt: microseconds at each knot, then per token of context and per pair.
    /// </summary>
    public double[] Weights()
    {
        lock (_gate)
            return (double[])_weights.Clone();
    }

    public long PredictNs(in StepShape shape)
    {
        lock (_gate)
            return Predict(shape);
    }

    /// <summary>
    /// Where a step's time goes, as learnt: what a step of one token costs is fixed, the rest of the tokens'
    /// part is theirs alike, and context is its readers'.
    /// </summary>
    public StepSplit Split(in StepShape shape)
    {
        lock (_gate)
        {
            var total = Predict(shape);
            var context = (long)(Math.Max(0, _weights[Knots]) * shape.DecodeContextTokens);
            var pairs = (long)(Math.Max(0, _weights[Knots + 1]) * shape.PrefillPairs / 1e3);
            var tokens = Math.Max(0, total - context - pairs);
            var fixedNs = Math.Min(tokens, (long)(Math.Max(0, _weights[0]) * 1e3));
            var each = (tokens - fixedNs) / Math.Max(1, shape.Tokens);
            return new StepSplit
            {
                FixedNs = fixedNs,
                PrefillTokensNs = each * shape.PrefillTokens,
                PrefillNewContextNs = pairs,
                DecodeTokensNs = each * shape.Decodes,
                DecodeContextNs = context,
            };
        }
    }

    /// <summary>What is known now, as a formula that no longer learns.</summary>
    public LinearStepTimes Frozen()
    {
        lock (_gate)
        {
            var knots = new (int Tokens, long Ns)[Knots];
            var ns = 1_000L;
            for (var i = 0; i < Knots; i++)
            {
                ns = Math.Max(ns, (long)(_weights[i] * 1e3));
                knots[i] = (1 << i, ns);
            }
            return new LinearStepTimes(
                knots, Math.Max(0, _weights[Knots]), Math.Max(0, _weights[Knots + 1]) / 1e3);
        }
    }

    /// <summary>Learns from a step.</summary>
    public void Observe(in StepShape shape, long durationNs)
    {
        lock (_gate)
        {
            var predicted = Predict(shape);
            if (Observations >= 20)
                Judge(predicted, durationNs);
            Observations++;
            Learn(durationNs / 1e3);
        }
    }

    long Predict(in StepShape shape)
    {
        Describe(shape);
        var microseconds = 0.0;
        var floor = 0.0;
        for (var i = 0; i < Knots; i++)
        {
            floor = Math.Max(floor, _weights[i]);
            microseconds += _features[i] * floor;
        }
        microseconds += _features[Knots] * Math.Max(0, _weights[Knots])
            + (_features[Knots + 1] * Math.Max(0, _weights[Knots + 1]));
        return (long)(Math.Max(0, microseconds) * 1e3);
    }

    void Describe(in StepShape shape)
    {
        Array.Clear(_features);
        var place = Math.Log2(Math.Max(1, shape.Tokens));
        var left = Math.Min((int)place, Knots - 2);
        double low = 1 << left, high = 1 << (left + 1);
        var share = (shape.Tokens - low) / (high - low);
        _features[left] = 1 - share;
        _features[left + 1] = share;
        // Thousands and millions, so that all terms are of like size.
        _features[Knots] = shape.DecodeContextTokens / 1e3;
        _features[Knots + 1] = shape.PrefillPairs / 1e6;
    }

    void Judge(long predictedNs, long durationNs)
    {
        var error = Math.Abs(predictedNs - durationNs) / (double)Math.Max(1, durationNs);
        RelativeError = RelativeError is { } mean ? mean + (0.005 * (error - mean)) : error;
    }

    /// <summary>
    /// One step of recursive least squares, residuals weighed by 1 ÷ duration: errors are relative.
    /// </summary>
    void Learn(double microseconds)
    {
        var scale = 1 / Math.Max(1, microseconds);
        var predicted = 0.0;
        for (var i = 0; i < Terms; i++)
        {
            predicted += _features[i] * _weights[i];
            _features[i] *= scale;
        }
        var denominator = Forgetting;
        for (var i = 0; i < Terms; i++)
        {
            _gain[i] = 0;
            for (var j = 0; j < Terms; j++)
                _gain[i] += _covariance[i, j] * _features[j];
            denominator += _gain[i] * _features[i];
        }
        var residual = (microseconds - predicted) * scale;
        // A step that the machine was taken away in says nothing of the model.
        residual = Observations > 50 ? Math.Clamp(residual, -1, 1) : residual;
        var most = 0.0;
        for (var i = 0; i < Terms; i++)
        {
            _weights[i] += _gain[i] / denominator * residual;
            for (var j = 0; j < Terms; j++)
                _covariance[i, j] -= _gain[i] * _gain[j] / denominator;
            most = Math.Max(most, _covariance[i, i]);
        }
        // A size of step that nobody runs must not become ever less certain.
        for (var i = 0; most < MostUncertain && i < Terms; i++)
        {
            for (var j = 0; j < Terms; j++)
                _covariance[i, j] /= Forgetting;
        }
    }
}
