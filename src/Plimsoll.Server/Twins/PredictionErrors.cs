using System;

namespace Plimsoll.Server.Twins;

/// <summary>How far recent predictions of a first token were off.</summary>
public sealed class PredictionErrors
{
    const int Remembered = 512;

    readonly double[] _relative = new double[Remembered];
    int _next;

    /// <summary>Predictions whose first token has come.</summary>
    public long Count { get; private set; }

    /// <summary>A prediction and what came of it, nanoseconds.</summary>
    public void Add(long predictedNs, long observedNs)
    {
        if (observedNs <= 0 || predictedNs <= 0)
            return;
        _relative[_next] = Math.Abs(predictedNs - observedNs) / (double)observedNs;
        _next = (_next + 1) % Remembered;
        Count++;
    }

    /// <summary>Median of |predicted − observed| ÷ observed over the last 512; null below 20.</summary>
    public double? Median
    {
        get
        {
            if (Count < 20)
                return null;
            var sorted = _relative.AsSpan(0, (int)Math.Min(Count, Remembered)).ToArray();
            Array.Sort(sorted);
            return sorted[sorted.Length / 2];
        }
    }
}
