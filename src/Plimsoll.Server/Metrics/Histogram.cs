using System;
using System.Threading;

namespace Plimsoll.Server.Metrics;

/// <summary>A Prometheus histogram with fixed upper bounds; adding takes no lock.</summary>
public sealed class Histogram(params double[] bounds)
{
    readonly long[] _counts = new long[bounds.Length + 1];
    long _sumMicros;

    /// <summary>vLLM's buckets of its time to first token, seconds.</summary>
    public static Histogram FirstToken() => new(
        0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
            160, 640, 2560);

    /// <summary>vLLM's buckets of its times per token, seconds.</summary>
    public static Histogram PerToken() => new(
        0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80);

    /// <summary>vLLM's buckets of its request times, seconds.</summary>
    public static Histogram Request() => new(
        0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680);

    /// <summary>vLLM's buckets of a request's tokens: 1, 2, 5, 10 and so on.</summary>
    public static Histogram Tokens(int most = 1 << 20)
    {
        var bounds = new System.Collections.Generic.List<double>();
        for (long power = 1; power <= most; power *= 10)
        {
            foreach (var digit in (ReadOnlySpan<int>)[1, 2, 5])
            {
                if (digit * power <= most)
                    bounds.Add(digit * power);
            }
        }
        return new Histogram([.. bounds]);
    }

    /// <summary>vLLM's buckets of the tokens of one step.</summary>
    public static Histogram StepTokens() => new(
        1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);

    /// <summary>vLLM's buckets of the answers that a request asks for.</summary>
    public static Histogram Choices() => new(1, 2, 5, 10, 20);

    public ReadOnlySpan<double> Bounds => bounds;

    /// <summary>Samples at or below each bound, the last without one.</summary>
    public long CountAt(int bucket) => Volatile.Read(ref _counts[bucket]);

    public double Sum => Volatile.Read(ref _sumMicros) / 1e6;

    public void Add(double seconds)
    {
        var bucket = Array.BinarySearch(bounds, seconds);
        Interlocked.Increment(ref _counts[bucket < 0 ? ~bucket : bucket]);
        Interlocked.Add(ref _sumMicros, (long)Math.Round(seconds * 1e6));
    }
}
