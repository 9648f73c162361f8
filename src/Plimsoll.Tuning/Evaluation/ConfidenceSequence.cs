using System;

namespace Plimsoll.Tuning.Evaluation;

/// <summary>
/// An interval of a mean of values in 0 to 1 that holds at every moment at once: one may look after each
/// value and stop when one likes. Predictable plug-in empirical Bernstein, Waudby-Smith and Ramdas 2024,
/// "Estimating means of bounded random variables by betting", theorem 2.
/// </summary>
public sealed class ConfidenceSequence
{
    const double MostBet = 0.5;

    readonly double _logTerm;
    double _bets;
    double _weighted;
    double _penalty;
    double _sum;
    double _squares;

    /// <param name="error">Probability of ever being wrong, as 0.05.</param>
    public ConfidenceSequence(double error)
    {
        if (!(error is > 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(error), error, "expected 0 to 1");
        _logTerm = Math.Log(2 / error);
    }

    public long Count { get; private set; }

    public void Add(double value)
    {
        if (!(value is >= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(value), value, "expected 0 to 1");
        // Bet and mean come from the values before this one; that is what makes the interval
        // hold at all times.
        var before = (_sum + 0.5) / (Count + 1);
        var variance = (_squares + 0.25) / (Count + 1);
        var t = Count + 1.0;
        var bet = Math.Min(MostBet, Math.Sqrt(2 * _logTerm / (variance * t * Math.Log(t + 1))));
        var deviation = value - before;
        _bets += bet;
        _weighted += bet * value;
        _penalty += deviation * deviation * (-Math.Log(1 - bet) - bet);
        Count++;
        _sum += value;
        var mean = (_sum + 0.5) / (Count + 1);
        _squares += (value - mean) * (value - mean);
        var now = Interval();
        Low = Math.Max(Low, now.Low);
        High = Math.Min(High, now.High);
    }

    public double Mean => Count == 0 ? 0.5 : _sum / Count;

    /// <summary>Ends hold together at all times, so the best of each so far may be kept.</summary>
    public double Low { get; private set; }

    public double High { get; private set; } = 1;

    (double Low, double High) Interval()
    {
        var centre = _weighted / _bets;
        var half = (_logTerm + _penalty) / _bets;
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
