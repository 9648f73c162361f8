namespace Plimsoll.Core.Costing;

/// <summary>
/// Computing time by what caused it, in nanoseconds of one replica: the weights by which a bill splits over
/// input, cached input and output.
/// </summary>
public readonly record struct TimeByCause(long InputNs, long CachedInputNs, long OutputNs)
{
    public static TimeByCause operator +(TimeByCause a, TimeByCause b) =>
        new(a.InputNs + b.InputNs, a.CachedInputNs + b.CachedInputNs, a.OutputNs + b.OutputNs);

    public static TimeByCause operator *(TimeByCause a, long times) =>
        new(a.InputNs * times, a.CachedInputNs * times, a.OutputNs * times);
}
