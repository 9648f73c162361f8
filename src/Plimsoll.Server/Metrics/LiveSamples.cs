using System.Collections.Generic;
using System.Threading;

namespace Plimsoll.Server.Metrics;

/// <summary>
/// What one level of service felt since somebody last looked: the live page looks every second.
/// </summary>
public sealed class LevelSamples
{
    public int Requests { get; internal set; }

    public int Tokens { get; internal set; }

    public LatencyCounts Ttft { get; } = new();

    public LatencyCounts Gaps { get; } = new();
}

/// <summary>
/// Latencies by level for the live page, as they come.
/// </summary>
public sealed class LiveSamples
{
    readonly Lock _gate = new();
    Dictionary<string, LevelSamples> _levels = [];

    public void AddFirstToken(string level, double seconds)
    {
        lock (_gate)
        {
            var samples = Of(level);
            samples.Requests++;
            samples.Tokens++;
            samples.Ttft.Add(seconds);
        }
    }

    public void AddGap(string level, double seconds)
    {
        lock (_gate)
        {
            var samples = Of(level);
            samples.Tokens++;
            samples.Gaps.Add(seconds);
        }
    }

    /// <summary>What came since the last call, by level.</summary>
    public IReadOnlyDictionary<string, LevelSamples> Take()
    {
        lock (_gate)
        {
            var taken = _levels;
            _levels = [];
            return taken;
        }
    }

    LevelSamples Of(string level)
    {
        if (!_levels.TryGetValue(level, out var samples))
            _levels[level] = samples = new LevelSamples();
        return samples;
    }
}
