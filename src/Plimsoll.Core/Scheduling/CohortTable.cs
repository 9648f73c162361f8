using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// The cohorts there are, few at any time; an empty one is given to the next key that needs one.
/// </summary>
sealed class CohortTable
{
    readonly SchedulerOptions _options;
    DecodeCohort[] _cohorts;

    public CohortTable(SchedulerOptions options)
    {
        _options = options;
        _cohorts = [new DecodeCohort(0, options.BlockSize)];
    }

    public ReadOnlySpan<DecodeCohort> All => _cohorts;

    public DecodeCohort this[int index] => _cohorts[index];

    /// <summary>The cohort of this key, formed if there is none.</summary>
    public DecodeCohort Of(in CohortKey key)
    {
        DecodeCohort? unused = null;
        foreach (var cohort in _cohorts)
        {
            if (cohort.IsUnused)
                unused ??= cohort;
            else if (cohort.Key == key)
                return cohort;
        }
        if (unused is null)
        {
            var count = _cohorts.Length;
            Array.Resize(ref _cohorts, count + 1);
            unused = _cohorts[count] = new DecodeCohort(count, _options.BlockSize);
        }
        unused.Form(key, _options.Levels[key.Level]);
        return unused;
    }

    /// <summary>
    /// The cohort of those of this kind that are parked, or that run when these are parked. Twins know each
    /// other until one of them is formed anew, since many requests go over in one step.
    /// </summary>
    public DecodeCohort TwinOf(DecodeCohort cohort) =>
        cohort.Twin is { IsUnused: false } twin && twin.Twin == cohort ? twin : Pair(cohort);

    DecodeCohort Pair(DecodeCohort cohort)
    {
        var twin = Of(cohort.Key with { Parked = !cohort.Key.Parked });
        // Whoever was the last of a cohort may go over to the very same, formed anew.
        if (twin != cohort)
            (cohort.Twin, twin.Twin) = (twin, cohort);
        return twin;
    }
}
