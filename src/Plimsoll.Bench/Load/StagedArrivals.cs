using System;
using System.Collections.Generic;
using Plimsoll.Inputs.Workloads;

namespace Plimsoll.Bench.Load;

/// <summary>
/// A stream drawn at a mean rate, its time bent so that its rate follows stages: an arrival at operational
/// time s comes when the stages have brought s × the mean rate requests. The scatter around the rate is kept.
/// </summary>
public sealed class StagedArrivals : IArrivalSource
{
    readonly IArrivalSource _arrivals;
    readonly IReadOnlyList<RateStage> _stages;
    readonly double _meanRate;
    int _stage;
    long _stageStartNs;
    double _before;

    /// <param name="arrivals">Drawn at <paramref name="meanRate"/>; nobody may wait for an
    /// answer in it.</param>
    /// <param name="meanRate">Requests per second.</param>
    /// <param name="stages">Followed once; the stream ends with the last.</param>
    public StagedArrivals(IArrivalSource arrivals, double meanRate, IReadOnlyList<RateStage> stages)
    {
        (_arrivals, _meanRate, _stages) = (arrivals, meanRate, stages);
    }

    public int PrefixBlockTokens => _arrivals.PrefixBlockTokens;

    public bool TryPeek(out long atNs)
    {
        atNs = 0;
        if (!_arrivals.TryPeek(out var operationalNs))
            return false;
        var wanted = operationalNs / 1e9 * _meanRate;
        while (_stage < _stages.Count && wanted >= _before + _stages[_stage].Requests)
        {
            _before += _stages[_stage].Requests;
            _stageStartNs += _stages[_stage].DurationNs;
            _stage++;
        }
        if (_stage == _stages.Count)
            return false;
        atNs = _stageStartNs + Within(_stages[_stage], wanted - _before);
        return true;
    }

    public void Take(out Arrival arrival)
    {
        TryPeek(out var atNs);
        _arrivals.Take(out arrival);
        arrival.AtNs = atNs;
    }

    public void Finished(int session, long nowNs)
    {
    }

    /// <summary>
    /// How far into a stage it has brought so many requests: from·t + slope·t²/2 = requests.
    /// </summary>
    static long Within(RateStage stage, double requests)
    {
        var slope = (stage.To - stage.From) / (stage.DurationNs / 1e9);
        var root = Math.Sqrt(Math.Max(0, stage.From * stage.From + 2 * slope * requests));
        // The stable form of the quadratic's root: it holds for a slope of zero too.
        return (long)(1e9 * 2 * requests / (stage.From + root));
    }
}
