namespace Plimsoll.Tuning.Evaluation;

/// <summary>A point and the ends between which it is held to lie.</summary>
public readonly record struct Interval(double Point, double Low, double High);
