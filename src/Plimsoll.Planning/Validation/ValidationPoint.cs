using System;

namespace Plimsoll.Planning.Validation;

/// <summary>One figure of one measured run beside its prediction.</summary>
/// <param name="Split">What was fitted and what was held out, in a few words.</param>
/// <param name="Figure">Metric and statistic: <c>TTFT mean</c>, ….</param>
/// <param name="Configuration">What shares a deployment; splits never cut through it.</param>
/// <param name="Name">The run.</param>
/// <param name="Measured">Of the real engine, in the unit of the figure.</param>
/// <param name="Predicted">Of the simulation.</param>
public sealed record ValidationPoint(
    string Split, string Figure, string Configuration, string Name, double Measured, double Predicted)
{
    /// <summary>The stated 90 % interval; null where none is stated for this figure.</summary>
    public FigureInterval? Interval { get; init; }

    public double ErrorPercent => 100 * (Predicted / Measured - 1);

    public double AbsolutePercent => Math.Abs(ErrorPercent);

    /// <summary>Whether the interval contains what was measured.</summary>
    public bool? Covered => Interval is { } i ? Measured >= i.Low && Measured <= i.High : null;
}

/// <summary>A stated 90 % interval, in the unit of its figure.</summary>
public readonly record struct FigureInterval(double Low, double High);
