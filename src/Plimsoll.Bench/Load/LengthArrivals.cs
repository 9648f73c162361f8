using System;
using Plimsoll.Core.Draws;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>
/// Requests of stated lengths, all there at once: vLLM's <c>random</c> dataset. Lengths are uniform within
/// ± the range ratio; a shared prefix opens every prompt.
/// </summary>
public sealed class LengthArrivals : IArrivalSource
{
    readonly LengthOptions _options;
    readonly ulong[] _prefix;
    RandomStream _random;
    long _left;

    public LengthArrivals(LengthOptions options, long requests, ulong seed)
    {
        _options = options;
        _random = new RandomStream(seed, purpose: 31);
        _prefix = options.PrefixTokens > 0 ? [_random.NextBits() | 1] : [];
        _left = requests;
    }

    public int PrefixBlockTokens => _options.PrefixTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = 0;
        return _left > 0;
    }

    public void Take(out Arrival arrival)
    {
        _left--;
        arrival = new Arrival
        {
            PromptTokens = _options.PrefixTokens + Draw(_options.PromptTokens),
            OutputTokens = Draw(_options.OutputTokens),
            PrefixKeys = _prefix,
            Session = -1,
        };
    }

    public void Finished(int session, long nowNs)
    {
    }

    int Draw(int mean)
    {
        var low = Math.Max(1, (int)Math.Floor(mean * (1 - _options.RangeRatio)));
        var high = Math.Max(low, (int)Math.Ceiling(mean * (1 + _options.RangeRatio)));
        return low + _random.NextBelow(high - low + 1);
    }
}

/// <summary>Lengths as a user states them.</summary>
/// <param name="PromptTokens">Mean, the shared prefix left out.</param>
/// <param name="OutputTokens">Mean.</param>
/// <param name="RangeRatio">Half the width of the range over its mean, 0 to below 1.</param>
/// <param name="PrefixTokens">Tokens that all prompts open with; 0 for none.</param>
public sealed record LengthOptions(int PromptTokens, int OutputTokens, double RangeRatio = 0,
    int PrefixTokens = 0)
{
    /// <summary>Of a prompt or an answer; beyond any context.</summary>
    public const int MostTokens = 10_000_000;
}
