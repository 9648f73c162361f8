using System;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// The cohorts there are, few at any time; an empty one is given to the next key that needs one.
/// </summary>
sealed class CohortTable
{
    readonly int _blockSize;
    DecodeCohort[] _cohorts;

    public CohortTable(int blockSize)
    {
        _blockSize = blockSize;
        _cohorts = [new DecodeCohort(0, blockSize)];
    }

    public ReadOnlySpan<DecodeCohort> All => _cohorts;

    public DecodeCohort this[int index] => _cohorts[index];

    /// <summary>The cohort of this key, formed if there is none.</summary>
    public DecodeCohort Of(in CohortKey key)
    {
        DecodeCohort? unused = null;
        foreach (var cohort in _cohorts)
        {
            if (cohort.Count + cohort.Joining == 0)
                unused ??= cohort;
            else if (cohort.Key == key)
                return cohort;
        }
        if (unused is null)
        {
            var count = _cohorts.Length;
            Array.Resize(ref _cohorts, count + 1);
            unused = _cohorts[count] = new DecodeCohort(count, _blockSize);
        }
        unused.Key = key;
        return unused;
    }
}
