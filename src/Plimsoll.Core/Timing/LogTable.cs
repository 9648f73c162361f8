using System;
using System.Numerics;

namespace Plimsoll.Core.Timing;

/// <summary>
/// A function of a positive integer as a piecewise-linear table with 16 pieces per octave: two loads and
/// one fused step per look-up, no logarithm. Integers below 16 and powers of two are knots.
/// </summary>
sealed class LogTable
{
    const int PiecesLog2 = 4;

    readonly double[] _values;

    /// <summary>An empty table for arguments up to 2^<paramref name="octaves"/>.</summary>
    public LogTable(int octaves)
    {
        _values = new double[(octaves << PiecesLog2) + 1];
    }

    public int Knots => _values.Length;

    public ref double this[int knot] => ref _values[knot];

    /// <summary>The argument at a knot; fractional below 16.</summary>
    public static double ArgumentAt(int knot)
    {
        var octave = knot >> PiecesLog2;
        return (1L << octave) * (1 + ((knot & ((1 << PiecesLog2) - 1)) / (double)(1 << PiecesLog2)));
    }

    /// <summary>
    /// The value at <paramref name="argument"/> ≥ 1; beyond the last knot its slope goes on.
    /// </summary>
    public double At(long argument)
    {
        var octave = BitOperations.Log2((ulong)argument);
        // Times 16 / 2^octave, whose bits are its exponent: exact, and no division.
        var pieces = BitConverter.Int64BitsToDouble((long)(1023 + PiecesLog2 - octave) << 52);
        var position = (argument - (1L << octave)) * pieces;
        var piece = (int)position;
        var knot = (octave << PiecesLog2) + piece;
        if (knot >= _values.Length - 1)
        {
            return Beyond(argument);
        }
        return _values[knot] + ((position - piece) * (_values[knot + 1] - _values[knot]));
    }

    /// <summary>
    /// Makes the table non-decreasing by pooling adjacent violators (least squares), so that noise in
    /// measurements can never make more work cheaper.
    /// </summary>
    public void Monotone()
    {
        var level = new double[_values.Length];
        var size = new int[_values.Length];
        var pools = 0;
        foreach (var value in _values)
        {
            level[pools] = value;
            size[pools] = 1;
            while (pools > 0 && level[pools - 1] > level[pools])
            {
                var total = size[pools - 1] + size[pools];
                level[pools - 1] = ((level[pools - 1] * size[pools - 1])
                    + (level[pools] * size[pools])) / total;
                size[pools - 1] = total;
                pools--;
            }
            pools++;
        }
        var knot = 0;
        for (var pool = 0; pool < pools; pool++)
        {
            for (var i = 0; i < size[pool]; i++)
            {
                _values[knot++] = level[pool];
            }
        }
    }

    public void Multiply(double factor)
    {
        for (var knot = 0; knot < _values.Length; knot++)
        {
            _values[knot] *= factor;
        }
    }

    double Beyond(long argument)
    {
        var last = _values.Length - 1;
        var end = ArgumentAt(last);
        var before = ArgumentAt(last - 1);
        var slope = (_values[last] - _values[last - 1]) / (end - before);
        return _values[last] + (slope * (argument - end));
    }
}
