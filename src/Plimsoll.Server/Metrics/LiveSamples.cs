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

    public List<float> TtftSeconds { get; } = [];

    public List<float> GapSeconds { get; } = [];
}

/// <summary>
/// Latencies by level for the live page, as they come. While nobody looks, only so many are kept.
/// </summary>
public sealed class LiveSamples
{
    const int Most = 4096;

    readonly Lock _gate = new();
    Dictionary<string, LevelSamples> _levels = [];

    public void AddFirstToken(string level, double seconds)
    {
        lock (_gate)
        {
            var samples = Of(level);
            samples.Requests++;
            samples.Tokens++;
            if (samples.TtftSeconds.Count < Most)
                samples.TtftSeconds.Add((float)seconds);
        }
    }

    public void AddGap(string level, double seconds)
    {
        lock (_gate)
        {
            var samples = Of(level);
            samples.Tokens++;
            if (samples.GapSeconds.Count < Most)
                samples.GapSeconds.Add((float)seconds);
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
