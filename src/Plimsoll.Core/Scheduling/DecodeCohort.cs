using System;
using System.Numerics;

namespace Plimsoll.Core.Scheduling;

/// <summary>What the members of a cohort have in common: they always decode together.</summary>
/// <param name="Level">Their level of service.</param>
/// <param name="Adapter">Their adapter.</param>
/// <param name="ItlNs">Their longest gap between tokens.</param>
/// <param name="Parked">They keep their KV and do not run.</param>
readonly record struct CohortKey(int Level, int Adapter, long ItlNs, bool Parked);

/// <summary>
/// Decoding requests as sums. Each is described by its base (clock less computed tokens); since all advance
/// together, counting bases by residue modulo the block size tells how many cross a block boundary at any
/// step, without visiting one. A cohort that does not run does not advance: pausing it costs nothing.
/// </summary>
sealed class DecodeCohort
{
    readonly int[] _countByResidue;

    /// <summary>Of a block size that is a power of two; 0 for others.</summary>
    readonly int _mask;
    long _sumOfBases;

    public DecodeCohort(int index, int blockSize)
    {
        Index = index;
        _countByResidue = new int[blockSize];
        _mask = BitOperations.IsPow2(blockSize) ? blockSize - 1 : 0;
    }

    /// <summary>Its name in plans; an emptied cohort's is given to the next that is formed.</summary>
    public int Index { get; }

    public CohortKey Key { get; private set; }

    /// <summary>Whether its level is batch work's.</summary>
    public bool IsBatch { get; private set; }

    /// <summary>Whether its tokens are due on average and not each.</summary>
    public bool IsPaced { get; private set; }

    /// <summary>
    /// The cohort that its members are parked in, or resumed in, as long as that says the same of this one.
    /// </summary>
    public DecodeCohort? Twin { get; set; }

    /// <summary>Nobody is in it or about to join: it may be formed anew.</summary>
    public bool IsUnused => Count + Joining == 0;

    /// <summary>Steps committed with this cohort in them.</summary>
    public long Clock { get; private set; }

    public int Count { get; private set; }

    /// <summary>Prompts that the plan in the making ends: they join when it is committed.</summary>
    public int Joining { get; set; }

    /// <summary>End of the last step that all members took part in, or the first member's joining.</summary>
    public long LastStepNs { get; set; }

    /// <summary>Highest admission number among those that joined when their prompt was computed.</summary>
    public long LatestAdmission { get; private set; } = -1;

    /// <summary>Σ computed tokens over the cohort.</summary>
    public long ComputedTokens => Count * Clock - _sumOfBases;

    /// <summary>Σ KV lengths that the next step reads, each with its new token.</summary>
    public long NextContextTokens => ComputedTokens + Count;

    /// <summary>Gives it to a key, whose level is looked up once and not in every plan.</summary>
    public void Form(in CohortKey key, ServiceLevelSpec level)
    {
        Key = key;
        Twin = null;
        IsBatch = level.Class == ServiceClass.Batch;
        IsPaced = key.ItlNs != long.MaxValue && level.Pacing == Pacing.Paced;
    }

    public void Add(long @base)
    {
        Count++;
        _sumOfBases += @base;
        _countByResidue[Residue(@base)]++;
    }

    public void Join(long @base, long admission)
    {
        Add(@base);
        LatestAdmission = Math.Max(LatestAdmission, admission);
    }

    public void Remove(long @base)
    {
        Count--;
        _sumOfBases -= @base;
        _countByResidue[Residue(@base)]--;
    }

    public void Advance(int steps) => Clock += steps;

    /// <summary>Blocks that the next step needs, one per request whose last block is full.</summary>
    public int BlocksForNextStep() => _countByResidue[Residue(Clock)];

    /// <summary>Blocks that the computed tokens of all members fill or begin.</summary>
    public int Blocks()
    {
        var size = _countByResidue.Length;
        var tokens = ComputedTokens;
        // Residue r: (clock - r) mod size tokens in the last block, the rest of which is counted with them.
        for (var residue = 0; residue < size; residue++)
            tokens += (long)_countByResidue[residue] * Residue(residue - Clock);
        return (int)(tokens / size);
    }

    /// <summary>Blocks needed by the steps after the next one, <paramref name="steps"/> of them.</summary>
    public long BlocksForLaterSteps(int steps)
    {
        var size = _countByResidue.Length;
        var blocks = (long)(steps / size) * Count;
        for (var i = 1; i <= steps % size; i++)
            blocks += _countByResidue[Residue(Clock + i)];
        return blocks;
    }

    /// <summary>Later steps that <paramref name="freeBlocks"/> surely cover.</summary>
    public int LaterStepsWithin(int freeBlocks)
    {
        var size = _countByResidue.Length;
        var rounds = freeBlocks / Count;
        if (rounds > 0)
            return (int)Math.Min((long)rounds * size, int.MaxValue / 2);
        var steps = 0;
        while (steps < size)
        {
            freeBlocks -= _countByResidue[Residue(Clock + steps + 1)];
            if (freeBlocks < 0)
                break;
            steps++;
        }
        return steps;
    }

    int Residue(long value)
    {
        if (_mask != 0)
            return (int)value & _mask;
        var residue = (int)(value % _countByResidue.Length);
        return residue < 0 ? residue + _countByResidue.Length : residue;
    }
}
