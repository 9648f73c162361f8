using System;

namespace Plimsoll.Core.Timing;

/// <summary>
/// A multiplier for every <see cref="StepTerm"/>, 1 unless fitted. Immutable; equal when all multipliers are.
/// </summary>
public sealed class StepScale : IEquatable<StepScale>
{
    public const int Terms = (int)StepTerm.Request + 1;

    readonly double[] _factors;

    StepScale(double[] factors)
    {
        _factors = factors;
    }

    /// <summary>Times as the curves and the engine's overhead give them.</summary>
    public static StepScale None { get; } = Of(new double[Terms]);

    public double this[StepTerm term] => _factors[(int)term];

    public bool IsNone => Equals(None);

    /// <summary>Multipliers by their natural logarithms, one per term.</summary>
    public static StepScale Of(ReadOnlySpan<double> logarithms)
    {
        Invariant.Holds(logarithms.Length == Terms, "a scale has one factor per term");
        var factors = new double[Terms];
        for (var i = 0; i < Terms; i++)
        {
            factors[i] = Math.Exp(logarithms[i]);
        }
        return new StepScale(factors);
    }

    /// <summary>Both multipliers at once.</summary>
    public StepScale Times(StepScale other)
    {
        var factors = (double[])_factors.Clone();
        for (var i = 0; i < Terms; i++)
        {
            factors[i] *= other._factors[i];
        }
        return new StepScale(factors);
    }

    public StepScale With(StepTerm term, double factor)
    {
        Invariant.Holds(factor > 0 && double.IsFinite(factor), "a scale is positive");
        var factors = (double[])_factors.Clone();
        factors[(int)term] = factor;
        return new StepScale(factors);
    }

    public bool Equals(StepScale? other) =>
        other is not null && _factors.AsSpan().SequenceEqual(other._factors);

    public override bool Equals(object? obj) => Equals(obj as StepScale);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var factor in _factors)
        {
            hash.Add(factor);
        }
        return hash.ToHashCode();
    }
}
