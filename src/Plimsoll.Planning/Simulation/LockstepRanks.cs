using System;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// Data-parallel ranks that share experts. Every layer exchanges tokens among all of them, padded to the rank
/// that has most, so a step lasts as long as the slowest rank's, and a rank with nothing to do runs an empty
/// step along; who comes to it meanwhile is in the next.
/// </summary>
sealed class LockstepRanks(ReplicaSimulation[] ranks) : IStepping
{
    long _nowNs;
    long _stepNs;

    public long NextStepEndsNs
    {
        get
        {
            if (_stepNs == 0)
                Begin();
            return _stepNs == 0 ? NextBatchNs : _nowNs + _stepNs;
        }
    }

    public void RunUntil(long untilNs, bool stopAtFinish = false)
    {
        while (true)
        {
            if (_stepNs == 0)
                Begin();
            if (_stepNs == 0 && NextBatchNs is var nextNs && nextNs <= untilNs && nextNs > _nowNs)
            {
                _nowNs = nextNs;
                continue;
            }
            if (_stepNs == 0 || _nowNs + _stepNs > untilNs)
                return;
            if (End() && stopAtFinish)
                return;
        }
    }

    void Begin()
    {
        foreach (var rank in ranks)
            _nowNs = Math.Max(_nowNs, rank.NowNs);
        foreach (var rank in ranks)
            _stepNs = Math.Max(_stepNs, rank.Prepare(_nowNs));
    }

    /// <summary>Whether a request ended.</summary>
    bool End()
    {
        var ended = false;
        foreach (var rank in ranks)
            ended |= rank.Complete(_nowNs + _stepNs);
        _nowNs += _stepNs;
        _stepNs = 0;
        return ended;
    }

    long NextBatchNs
    {
        get
        {
            var nextNs = long.MaxValue;
            foreach (var rank in ranks)
                nextNs = Math.Min(nextNs, rank.Batch?.NextNs ?? long.MaxValue);
            return nextNs;
        }
    }
}
