namespace Plimsoll.Core.Timing;

/// <summary>Measured over predicted: nine of ten measurements lie between the two factors.</summary>
public readonly record struct ErrorBand(double Low, double High)
{
    /// <summary>Both ends further out by a share: 0.1 for a tenth.</summary>
    public ErrorBand Widened(double share) => new(Low / (1 + share), High * (1 + share));
}
