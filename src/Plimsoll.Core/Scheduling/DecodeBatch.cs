using System;
using System.Numerics;

namespace Plimsoll.Core.Scheduling;

/// <summary>
/// All decoding requests as sums. Each is described by its base (clock less computed tokens); since all
/// advance together, counting bases by residue modulo the block size tells how many cross a block boundary
/// at any step, without visiting one.
/// </summary>
sealed class DecodeBatch
{
    readonly int[] _countByResidue;
    readonly bool _isPowerOfTwo;
    long _sumOfBases;

    public DecodeBatch(int blockSize)
    {
        _countByResidue = new int[blockSize];
        _isPowerOfTwo = BitOperations.IsPow2(blockSize);
    }

    /// <summary>Steps committed.</summary>
    public long Clock { get; private set; }

    public int Count { get; private set; }

    /// <summary>Σ computed tokens over the batch.</summary>
    public long ComputedTokens => Count * Clock - _sumOfBases;

    public void Add(long @base)
    {
        Count++;
        _sumOfBases += @base;
        _countByResidue[Residue(@base)]++;
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
        if (_isPowerOfTwo)
            return (int)value & (_countByResidue.Length - 1);
        var residue = (int)(value % _countByResidue.Length);
        return residue < 0 ? residue + _countByResidue.Length : residue;
    }
}
