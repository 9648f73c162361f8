using System;

namespace Plimsoll.Server.Twins;

/// <summary>
/// How many prompt tokens interactive requests bring while a step runs: a compound Poisson sum over the rate
/// of the last seconds and the lengths of the last prompts.
/// </summary>
sealed class PromptTraffic
{
    const int Cells = 96;
    const int Remembered = 512;
    const double MemoryNs = 3e9;

    readonly int[] _lengths = new int[Remembered];
    readonly double[] _share = new double[Cells + 1];
    readonly double[] _above = new double[Cells + 1];
    int _count;
    int _next;
    int _sinceBuilt;
    int _cellTokens;
    double _perNs;
    double _builtMean = -1;
    long _lastNs;

    /// <summary>Arrivals per second, of the last three seconds for the most part.</summary>
    public double PerSecond(long nowNs) => 1e9 * _perNs * Math.Exp(-Math.Max(0, nowNs - _lastNs) / MemoryNs);

    /// <summary>Mean length of recent prompts, tokens; 0 before the first.</summary>
    public double MeanTokens { get; private set; }

    /// <summary>A prompt came with so many tokens to compute.</summary>
    public void Add(int tokens, long nowNs)
    {
        _perNs = (_perNs * Math.Exp(-Math.Max(0, nowNs - _lastNs) / MemoryNs)) + (1 / MemoryNs);
        _lastNs = Math.Max(_lastNs, nowNs);
        _lengths[_next] = tokens;
        _next = (_next + 1) % Remembered;
        _count = Math.Min(_count + 1, Remembered);
        MeanTokens += (tokens - MeanTokens) / Math.Min(_count, 100);
        _sinceBuilt++;
    }

    /// <summary>Probability that more than so many prompt tokens arrive in a while.</summary>
    public double Tail(double tokens, double whileNs, long nowNs)
    {
        if (tokens < 0)
            return 1;
        if (_count == 0)
            return 0;
        var mean = PerSecond(nowNs) * whileNs / 1e9;
        if (_sinceBuilt >= 32 || _builtMean < 0 || Math.Abs(mean - _builtMean) > 0.05 * _builtMean)
            Build(mean);
        var cell = tokens / _cellTokens;
        return cell >= Cells ? _above[Cells] : _above[(int)cell];
    }

    /// <summary>Panjer's recursion on lengths rounded up to whole cells.</summary>
    void Build(double mean)
    {
        var longest = 1;
        for (var i = 0; i < _count; i++)
            longest = Math.Max(longest, _lengths[i]);
        // Three of the longest prompts at once are in reach; what is beyond counts as beyond everything.
        _cellTokens = Math.Max(16, 3 * longest / Cells);
        Array.Clear(_share);
        for (var i = 0; i < _count; i++)
            _share[Math.Clamp((_lengths[i] + _cellTokens - 1) / _cellTokens, 1, Cells)] += 1.0 / _count;
        Span<double> sum = stackalloc double[Cells + 1];
        sum[0] = Math.Exp(-mean);
        var below = sum[0];
        _above[0] = Math.Max(0, 1 - below);
        for (var s = 1; s <= Cells; s++)
        {
            var total = 0.0;
            for (var j = 1; j <= s; j++)
                total += j * _share[j] * sum[s - j];
            sum[s] = mean / s * total;
            below += sum[s];
            _above[s] = Math.Max(0, 1 - below);
        }
        _builtMean = mean;
        _sinceBuilt = 0;
    }
}
