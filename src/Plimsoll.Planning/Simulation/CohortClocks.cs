using System;
using Plimsoll.Core.Scheduling;

namespace Plimsoll.Planning.Simulation;

/// <summary>The members of a cohort that one account pays for: a level's, or batch work's.</summary>
struct CohortShare
{
    long _tokensBefore;

    public int Count { get; private set; }

    /// <summary>Tokens of KV that they have together, after so many steps of the cohort.</summary>
    public readonly long Tokens(long steps) => _tokensBefore + (Count * steps);

    public void Join(long tokens, long steps)
    {
        Count++;
        _tokensBefore += tokens - steps;
    }

    public void Leave(long tokens, long steps)
    {
        Count--;
        _tokensBefore -= tokens - steps;
    }

    /// <summary>One of them has gained more tokens than the cohort's steps tell, or fewer.</summary>
    public void Shift(int tokens) => _tokensBefore += tokens;
}

/// <summary>
/// One cohort of decodes as the executor sees it: how many steps it ran, when it ran last, who ends when.
/// </summary>
sealed class CohortClock(int accounts)
{
    public FinishWheel Finishes { get; } = new();

    /// <summary>Steps that it took part in.</summary>
    public long Steps { get; set; }

    /// <summary>When its members had their last token.</summary>
    public long LastNs { get; set; }

    /// <summary>Its members by who pays for them: the levels, and batch work last.</summary>
    public CohortShare[] Accounts { get; } = new CohortShare[accounts];
}

/// <summary>The cohorts of one scheduler by its numbers for them.</summary>
sealed class CohortClocks(int accounts)
{
    CohortClock[] _clocks = [new(accounts)];

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
            _clocks[i] = new CohortClock(accounts);
    }
}
