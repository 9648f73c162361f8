namespace Plimsoll.Bench.Verdicts;

/// <summary>Ends of a 95 % interval.</summary>
public readonly record struct Interval(double Low, double High)
{
    public bool Holds(double value) => Low <= value && value <= High;
}
