namespace Plimsoll.Server.Twins;

/// <summary>
/// How long steps really take: the ratio of observed to predicted, and the mean observed step. Both are sums
/// over sums, so that jitter of single notices does not inflate them.
/// </summary>
sealed class StepPace
{
    const double Forgetting = 0.98;

    /// <summary>How much the prediction is believed before anything was seen, nanoseconds of steps.</summary>
    const double PriorNs = 50e6;

    double _observedNs = PriorNs;
    double _predictedNs = PriorNs;
    double _steps = 1;

    /// <summary>Observed ÷ predicted, kept between a quarter and four.</summary>
    public double Ratio
    {
        get
        {
            var ratio = _observedNs / _predictedNs;
            return ratio < 0.25 ? 0.25 : ratio > 4 ? 4 : ratio;
        }
    }

    /// <summary>Mean observed step, nanoseconds.</summary>
    public double MeanNs => _observedNs / _steps;

    public long Observations { get; private set; }

    /// <summary>A step, or several on end, that took so long.</summary>
    public void Observe(long observedNs, double predictedNs, int steps)
    {
        // Longer than eight predictions is no step: the engine was held up, or notices were.
        if (predictedNs <= 0 || observedNs > 8 * predictedNs)
            return;
        _observedNs = (Forgetting * _observedNs) + observedNs;
        _predictedNs = (Forgetting * _predictedNs) + predictedNs;
        _steps = (Forgetting * _steps) + steps;
        Observations++;
    }
}
