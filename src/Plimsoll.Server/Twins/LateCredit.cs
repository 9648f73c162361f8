using System;

namespace Plimsoll.Server.Twins;

/// <summary>
/// What lateness is left to spend: every gap of an interactive answer earns the share that may be late, every
/// late one costs one. A surplus is worth twenty seconds of gaps, so that a good hour does not pay for a bad
/// minute; a debt is remembered for longer.
/// </summary>
sealed class LateCredit(double share)
{
    const double SurplusSeconds = 20;
    const double DebtSeconds = 300;
    const double MemoryNs = 20e9;

    double _perNs;
    long _lastNs;

    public double Left { get; private set; }

    public bool IsSpent => Left < 0;

    public void Add(bool late, long nowNs)
    {
        _perNs = (_perNs * Math.Exp((_lastNs - nowNs) / MemoryNs)) + (1 / MemoryNs);
        _lastNs = nowNs;
        var second = 1 + (share * _perNs * 1e9);
        Left = Math.Clamp(Left + share - (late ? 1 : 0), -DebtSeconds * second, SurplusSeconds * second);
    }
}
