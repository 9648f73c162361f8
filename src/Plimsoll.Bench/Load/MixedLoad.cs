using System.Collections.Generic;

namespace Plimsoll.Bench.Load;

/// <summary>Several levels at once, merged in order of time.</summary>
public sealed class MixedLoad(IReadOnlyList<ILoadSource> levels) : ILoadSource
{
    public bool TryPeek(out long atNs)
    {
        atNs = long.MaxValue;
        return First(ref atNs) >= 0;
    }

    public void Take(out PlannedRequest request)
    {
        var atNs = long.MaxValue;
        levels[First(ref atNs)].Take(out request);
    }

    public void Finished(int level, int session, long nowNs) => levels[level].Finished(level, session, nowNs);

    int First(ref long atNs)
    {
        var first = -1;
        for (var level = 0; level < levels.Count; level++)
        {
            if (levels[level].TryPeek(out var at) && (first < 0 || at < atNs))
                (first, atNs) = (level, at);
        }
        return first;
    }
}
