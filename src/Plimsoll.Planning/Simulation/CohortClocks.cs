using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>
/// One cohort of decodes as the executor sees it: how many steps it ran, when it ran last, who ends when.
/// </summary>
sealed class CohortClock
{
    public FinishWheel Finishes { get; } = new();

    /// <summary>Steps that it took part in.</summary>
    public long Steps { get; set; }

    /// <summary>When its members had their last token.</summary>
    public long LastNs { get; set; }

    /// <summary>Members for whom somebody waits.</summary>
    public int Interactive { get; set; }

    public int Batch { get; set; }

    /// <summary>Tokens of KV that the batch members have, together.</summary>
    public long BatchContext { get; set; }
}

/// <summary>The cohorts of one scheduler by its numbers for them.</summary>
sealed class CohortClocks
{
    CohortClock[] _clocks = [new()];

    public CohortClock this[int cohort]
    {
        get
        {
            if (cohort >= _clocks.Length)
                Grow(cohort + 1);
            return _clocks[cohort];
        }
    }

    /// <summary>
    /// Steps to the first that may end a request, all cohorts of the plan running together.
    /// </summary>
    public int Distance(StepPlan plan)
    {
        var least = int.MaxValue;
        foreach (ref readonly var run in plan.Cohorts)
            least = Math.Min(least, this[run.Cohort].Finishes.Distance(this[run.Cohort].Steps));
        return least;
    }

    void Grow(int count)
    {
        var first = _clocks.Length;
        Array.Resize(ref _clocks, count);
        for (var i = first; i < count; i++)
            _clocks[i] = new CohortClock();
    }
}
