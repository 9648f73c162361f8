using System;

namespace Plimsoll.Core.Timing;

/// <summary>
/// What a deadline is held against: a step-time model, refined while the engine runs if it is asked to learn,
/// and the margin by which steps outlast the prediction. One scheduler's own; + − × ÷ only, so that a log
/// replays to the bit on another machine.
/// <para>
/// Learning is recursive least squares on relative errors: how much slower or faster than the model the
/// engine is, and by how much whatever the step carries. More would follow noise: tokens, KV and the model's
/// own prediction rise and fall together. The model's weight is not below zero, so a prediction never falls
/// when a step grows.
/// </para>
/// </summary>
public sealed class StepPredictor
{
    const int Features = 2;

    /// <summary>The second of them, beside what the model says, nanoseconds.</summary>
    const double ConstantNs = 1e7;

    /// <summary>How fast the past is forgotten: fifty steps, a second or two of an engine.</summary>
    const double Forgetting = 0.98;

    /// <summary>A direction that nothing excites stays this uncertain at most.</summary>
    const double MostUncertain = 1e4;

    /// <summary>How far one step moves the margin.</summary>
    const double MarginStep = 0.02;

    readonly IStepTimes _model;
    readonly bool _learns;
    readonly double _lateShare;
    readonly double[] _weights = new double[Features];
    readonly double[] _covariance = new double[Features * Features];
    readonly double[] _row = new double[Features];
    readonly double[] _gain = new double[Features];
    double _meanError;
    StepShape _lastShape;
    long _lastNs;

    /// <param name="model">The step times to start from.</param>
    /// <param name="learns">Whether observed steps refine them.</param>
    /// <param name="margin">Relative margin to start with.</param>
    /// <param name="lateShare">Share of steps that may outlast their margin.</param>
    public StepPredictor(IStepTimes model, bool learns = false, double margin = 0.15, double lateShare = 0.01)
    {
        _model = model;
        _learns = learns;
        _lateShare = lateShare;
        Margin = margin;
        _weights[0] = 1;
        for (var i = 0; i < Features; i++)
            _covariance[(i * Features) + i] = i == 0 ? 1 : 0.1;
    }

    /// <summary>Whether observed steps change what it predicts.</summary>
    public bool Learns => _learns;

    /// <summary>By how much steps outlast the prediction: its (1 − late share) quantile, relative.</summary>
    public double Margin { get; private set; }

    /// <summary>Mean relative error of recent predictions, made before their step was seen.</summary>
    public double Error => _meanError;

    /// <summary>Steps seen.</summary>
    public long Observations { get; private set; }

    /// <summary>Nanoseconds the step should take.</summary>
    public long PredictNs(in StepShape shape) => Refined(ModelNs(shape));

    /// <summary>
    /// What the model says before it is refined: always the same of a shape. A step is asked for again when
    /// it is planned, run and observed.
    /// </summary>
    public long ModelNs(in StepShape shape)
    {
        if (shape == _lastShape)
            return _lastNs;
        _lastShape = shape;
        return _lastNs = _model.PredictNs(shape);
    }

    /// <summary>Nanoseconds within which the step ends, but for the share that may be late.</summary>
    public long BoundNs(in StepShape shape) => BoundNs(ModelNs(shape));

    /// <summary>The same of a step of which the model said this.</summary>
    public long BoundNs(long modelNs) => (long)(Refined(modelNs) * (1 + Margin));

    long Refined(long modelNs) => !_learns || Observations == 0
        ? modelNs
        : Math.Max(1, (long)((Math.Max(0, _weights[0]) * modelNs) + (_weights[1] * ConstantNs)));

    /// <summary>How the model splits a step over what caused it.</summary>
    public StepSplit Split(in StepShape shape) => _model.Split(shape);

    /// <summary>Takes in how long a step took.</summary>
    public void Observe(in StepShape shape, long durationNs)
    {
        if (durationNs <= 0 || shape.IsEmpty)
            return;
        var predicted = Math.Max(1, PredictNs(shape));
        var residual = ((double)durationNs - predicted) / predicted;
        var pace = Math.Max(0.01, 1.0 / (Observations + 1));
        _meanError += pace * ((residual < 0 ? -residual : residual) - _meanError);
        Observations++;
        if (!_learns)
            return;
        Margin = Math.Clamp(Margin + (MarginStep * ((residual > Margin ? 1 : 0) - _lateShare)), 0, 1);
        Learn(shape, durationNs);
    }

    void Learn(in StepShape shape, long durationNs)
    {
        (_row[0], _row[1]) = (Math.Max(1, ModelNs(shape)), ConstantNs);
        var scale = _row[0];
        var error = durationNs / scale;
        for (var i = 0; i < Features; i++)
        {
            _row[i] /= scale;
            error -= _weights[i] * _row[i];
        }
        // Gain = P x / (forgetting + x' P x).
        var spread = Forgetting;
        for (var i = 0; i < Features; i++)
        {
            var sum = 0.0;
            for (var j = 0; j < Features; j++)
                sum += _covariance[(i * Features) + j] * _row[j];
            _gain[i] = sum;
            spread += sum * _row[i];
        }
        for (var i = 0; i < Features; i++)
            _weights[i] += _gain[i] / spread * error;
        Shrink(spread);
    }

    /// <summary>
    /// P := (P − gain · gain' / spread) / forgetting, as long as no direction becomes too uncertain.
    /// </summary>
    void Shrink(double spread)
    {
        var most = 0.0;
        for (var i = 0; i < Features; i++)
        {
            for (var j = 0; j < Features; j++)
                _covariance[(i * Features) + j] -= _gain[i] * _gain[j] / spread;
            most = Math.Max(most, _covariance[(i * Features) + i]);
        }
        if (most > MostUncertain)
            return;
        for (var i = 0; i < _covariance.Length; i++)
            _covariance[i] /= Forgetting;
    }
}
