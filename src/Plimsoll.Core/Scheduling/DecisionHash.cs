namespace Plimsoll.Core.Scheduling;

/// <summary>Digest of a sequence of decisions.</summary>
struct DecisionHash()
{
    public ulong Value { get; private set; } = 14695981039346656037UL;

    public void Mix(ulong a, ulong b)
    {
        var value = (Value ^ a) * 0x9E3779B97F4A7C15UL;
        Value = (ulong.RotateLeft(value, 29) ^ b) * 0xBF58476D1CE4E5B9UL;
    }
}
