using Plimsoll.Core;

namespace Plimsoll.Bench.Load;

/// <summary>How requests of a live load follow each other at its mean rate.</summary>
public enum LoadGap
{
    /// <summary>As the workload has them; Poisson where lengths are stated.</summary>
    Own,

    /// <summary>Independent users.</summary>
    Poisson,

    /// <summary>A metronome.</summary>
    Constant,
}

public static class LoadGaps
{
    public static Choices<LoadGap> All { get; } = new(
        ("own", LoadGap.Own), ("poisson", LoadGap.Poisson), ("constant", LoadGap.Constant));
}
